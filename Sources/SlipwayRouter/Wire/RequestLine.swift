/// The first line of a request, in parts that point into the head's bytes; valid only as long as those are.
struct RequestLine {
  let method: UnsafeRawBufferPointer
  /// What goes to the upstream: always in the form that begins with a slash, or `*`.
  let path: UnsafeRawBufferPointer
  /// The host of a target in absolute form, which `Host` must agree with.
  let authority: UnsafeRawBufferPointer?
  /// HTTP/1.0.
  let isOld: Bool

  /// Reads `METHOD SP target SP HTTP/1.x`; nothing else, so no HTTP/0.9.
  init(_ line: UnsafeRawBufferPointer) throws(WireFault) {
    guard let first = line.firstIndex(of: 0x20), let last = line.lastIndex(of: 0x20), last > first else {
      throw .malformed
    }
    let version = line.part(last + 1, line.count)
    guard version.count == 8, version.part(0, 7).elementsEqual(Self.versionStart), version[7] == 48 || version[7] == 49
    else { throw .malformed }
    try self.init(method: line.part(0, first), target: line.part(first + 1, last), isOld: version[7] == 48)
  }

  /// Checks method and target.
  init(method: UnsafeRawBufferPointer, target: UnsafeRawBufferPointer, isOld: Bool) throws(WireFault) {
    guard !method.isEmpty, method.allSatisfy(Character7.isToken) else { throw .malformed }
    if method.elementsEqual(Self.connect) { throw .unsupported }
    guard !target.isEmpty, target.allSatisfy(Character7.isTarget) else { throw .malformed }
    self.method = method
    self.isOld = isOld
    if target[0] == UInt8(ascii: "/") || (target.elementsEqual(Self.asterisk) && method.elementsEqual(Self.options)) {
      path = target
      authority = nil
      return
    }
    guard let start = Self.authorityStart(target) else { throw .malformed }
    let end = target[start...].firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? target.count
    let named = target.part(start, end)
    // An origin without a path would have to be given one; nobody sends it, so it is refused like a wrong one.
    guard !named.isEmpty, named.allSatisfy(Character7.isHost), end < target.count, target[end] == UInt8(ascii: "/")
    else { throw .malformed }
    authority = named
    path = target.part(end, target.count)
  }

  private static func authorityStart(_ target: UnsafeRawBufferPointer) -> Int? {
    if target.count > 7, target.part(0, 7).matches("http://") { return 7 }
    return target.count > 8 && target.part(0, 8).matches("https://") ? 8 : nil
  }

  private static let versionStart = Array("HTTP/1.".utf8)
  private static let connect = Array("CONNECT".utf8)
  private static let options = Array("OPTIONS".utf8)
  private static let asterisk = Array("*".utf8)
}
