/// Tokens that issuers gave a prefix so that they can be recognised.
struct TokenPattern: Sendable {
  let prefix: [UInt8]
  /// How many characters of the body at least.
  let minimum: Int
  let isBody: @Sendable (UInt8) -> Bool

  private init(_ prefix: String, _ minimum: Int, _ isBody: @escaping @Sendable (UInt8) -> Bool) {
    self.prefix = Array(prefix.utf8)
    self.minimum = minimum
    self.isBody = isBody
  }

  private static func upper(_ byte: UInt8) -> Bool { ByteClass.isDigit(byte) || byte &- 65 < 26 }
  private static func word(_ byte: UInt8) -> Bool {
    ByteClass.isAlphanumeric(byte) || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
  }

  /// By first byte, so that the scanner asks only where one may begin.
  static let byFirstByte: [[TokenPattern]] = {
    let aws = ["AKIA", "ASIA"].map { TokenPattern($0, 12, upper) }
    let gitHub = ["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"].map { TokenPattern($0, 16, word) }
    let slack = "abeoprs".map { TokenPattern("xox\($0)-", 8, word) } + [TokenPattern("xapp-", 8, word)]
    let others = [
      TokenPattern("glpat-", 16, word), TokenPattern("npm_", 20, word), TokenPattern("pypi-", 20, word),
      TokenPattern("sk_live_", 12, word), TokenPattern("rk_live_", 12, word), TokenPattern("sk-", 20, word),
      TokenPattern("AIza", 30, word), TokenPattern("whsec_", 16, ByteClass.isToken),
      TokenPattern("dckr_pat_", 16, word), TokenPattern("hvs.", 16, word),
      // A JSON Web Token: two coded JSON objects and a signature.
      TokenPattern("eyJ", 20, ByteClass.isName),
      TokenPattern("hooks.slack.com/services/", 8) { word($0) || $0 == UInt8(ascii: "/") },
    ]
    var table = [[TokenPattern]](repeating: [], count: 256)
    for pattern in aws + gitHub + slack + others { table[Int(pattern.prefix[0])].append(pattern) }
    return table
  }()

  /// The place of the body of a token that begins at `start`; nil when there is none.
  func body(in bytes: UnsafeBufferPointer<UInt8>, at start: Int) -> Range<Int>? {
    guard start + prefix.count + minimum <= bytes.count,
      prefix.indices.allSatisfy({ bytes[start + $0] == prefix[$0] })
    else { return nil }
    let first = start + prefix.count
    var end = first
    while end < bytes.count, isBody(bytes[end]) { end += 1 }
    return end - first >= minimum ? first..<end : nil
  }
}
