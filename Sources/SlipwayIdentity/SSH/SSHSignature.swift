internal import Foundation
internal import SlipwayModel

/// An armored signature of OpenSSH (PROTOCOL.sshsig), brought into its one spelling. Whether it is right is judged by `ssh-keygen`.
struct SSHSignature: Sendable, Equatable {
  /// Bytes of the largest signature that is looked at.
  static let largest = 16 << 10
  private static let begin = "-----BEGIN SSH SIGNATURE-----"
  private static let end = "-----END SSH SIGNATURE-----"
  /// As `ssh-keygen` breaks lines.
  private static let width = 70

  /// The signature as `ssh-keygen -Y sign` writes it.
  let armored: String
  /// What it was made for.
  let namespace: String

  /// - Throws: ``IdentityError``: `tooLarge`, `malformed`.
  init(_ handedIn: String) throws(IdentityError) {
    guard handedIn.utf8.count <= Self.largest else {
      throw IdentityError(
        .tooLarge,
        "the signature has \(handedIn.utf8.count) bytes, more than the \(Self.largest) that are read; hand in the file that "
          + "ssh-keygen -Y sign wrote")
    }
    let lines = handedIn.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
      .filter { !$0.isEmpty }
    guard lines.count > 2, lines.first == Self.begin, lines.last == Self.end else {
      throw Self.malformed("it does not stand between '\(Self.begin)' and '\(Self.end)'")
    }
    let body = lines.dropFirst().dropLast().joined()
    guard let blob = Data(base64Encoded: body), blob.base64EncodedString().isExactly(body) else {
      throw Self.malformed("it is not base64")
    }
    namespace = try Self.namespace(Array(blob))
    var armored = Self.begin + "\n"
    var rest = body[...]
    while !rest.isEmpty {
      armored += rest.prefix(Self.width) + "\n"
      rest = rest.dropFirst(Self.width)
    }
    self.armored = armored + Self.end + "\n"
  }

  /// Reads `SSHSIG`, the version, the public key and the namespace.
  private static func namespace(_ blob: [UInt8]) throws(IdentityError) -> String {
    var rest = blob[...]
    func number() -> Int? {
      guard rest.count >= 4 else { return nil }
      defer { rest = rest.dropFirst(4) }
      return rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
    }
    func bytes() -> ArraySlice<UInt8>? {
      guard let count = number(), count <= rest.count else { return nil }
      defer { rest = rest.dropFirst(count) }
      return rest.prefix(count)
    }
    guard rest.starts(with: "SSHSIG".utf8) else { throw malformed("it does not begin with SSHSIG") }
    rest = rest.dropFirst(6)
    guard number() == 1, bytes() != nil, let name = bytes(), let text = String(bytes: name, encoding: .utf8) else {
      throw malformed("it has no key and no namespace of version 1")
    }
    return text
  }

  private static func malformed(_ why: String) -> IdentityError {
    IdentityError(
      .malformed,
      "this is no SSH signature: \(why); make one by: ssh-keygen -Y sign -n \(DecisionStatement.namespace) -f KEY")
  }
}
