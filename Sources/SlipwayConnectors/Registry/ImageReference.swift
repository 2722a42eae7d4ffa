package import SlipwayModel

/// The name of an image, as Docker and OCI write it: `host:port/path:tag@sha256:…`, with Docker Hub where no host stands.
package struct ImageReference: Sendable, Equatable, CustomStringConvertible {
  /// As images name it, such as `registry.example.com:5000`; `docker.io` for Docker Hub.
  package let registry: String
  /// Whether the host was written, or Docker Hub follows from its absence.
  package let isRegistryNamed: Bool
  /// Such as `team/app`.
  package let repository: String
  package let tag: String?
  package let digest: Digest?

  /// Longer names are refused by registries too.
  static let nameLimit = 255

  /// Reads a reference.
  ///
  /// - Throws: ``ConnectorError/Code/misconfigured`` saying which part is wrong.
  package init(_ text: String) throws(ConnectorError) {
    func wrong(_ why: String) -> ConnectorError {
      ConnectorError(.misconfigured, "'\(Self.shown(text))' is no image reference: \(why)")
    }
    guard text.utf8.count <= 1_000 else { throw wrong("it is longer than 1,000 characters") }
    if text.contains("://") { throw wrong("leave out what stands before '://'") }
    var name = Substring(text)
    if let at = name.firstIndex(of: "@") {
      let written = name[name.index(after: at)...]
      guard let digest = Digest(String(written)), digest.description == written else {
        throw wrong("behind '@' stands sha256: and 64 lower-case hexadecimal digits")
      }
      self.digest = digest
      name = name[..<at]
    } else {
      digest = nil
    }
    // A colon before the last slash belongs to a port.
    let last = name.lastIndex(of: "/").map { name.index(after: $0) } ?? name.startIndex
    if let colon = name[last...].firstIndex(of: ":") {
      let tag = name[name.index(after: colon)...]
      guard Self.isTag(tag) else {
        throw wrong("a tag has letters, digits, '_', '.' and '-', at most 128, and begins with no '.' or '-'")
      }
      self.tag = String(tag)
      name = name[..<colon]
    } else {
      tag = nil
    }
    let (host, path) = Self.split(name)
    if let host {
      guard Self.isHost(host) else { throw wrong("'\(host)' is no host with or without a port") }
      let isHub = host == "docker.io" || host == "index.docker.io"
      registry = isHub ? "docker.io" : String(host)
      isRegistryNamed = true
      repository = isHub && !path.contains("/") ? "library/\(path)" : String(path)
    } else {
      registry = "docker.io"
      isRegistryNamed = false
      repository = path.contains("/") ? String(path) : "library/\(path)"
    }
    guard Self.isPath(path) else {
      throw wrong("a name is lower-case letters and digits, joined by '.', '_', '__', '-' and '/'")
    }
    guard registry.utf8.count + 1 + repository.utf8.count <= Self.nameLimit else {
      throw wrong("its name is longer than \(Self.nameLimit) characters")
    }
  }

  package var description: String {
    "\(registry)/\(repository)" + (tag.map { ":\($0)" } ?? "") + (digest.map { "@\($0)" } ?? "")
  }

  /// The first part is a host when it looks like one, which is Docker's rule.
  private static func split(_ name: Substring) -> (host: Substring?, path: Substring) {
    guard let slash = name.firstIndex(of: "/") else { return (nil, name) }
    let first = name[..<slash]
    let isHost = first == "localhost" || first.contains(where: { $0 == "." || $0 == ":" || $0.isUppercase })
    return isHost ? (first, name[name.index(after: slash)...]) : (nil, name)
  }

  private static func isTag(_ tag: Substring) -> Bool {
    let bytes = tag.utf8
    guard let first = bytes.first, bytes.count <= 128, first != UInt8(ascii: "."), first != UInt8(ascii: "-") else {
      return false
    }
    return bytes.allSatisfy { isAlphanumeric($0) || "_.-".utf8.contains($0) }
  }

  private static func isHost(_ host: Substring) -> Bool {
    var name = host
    if let bracket = host.lastIndex(of: "]") {
      let inside = host[..<bracket].dropFirst()
      let rest = host[host.index(after: bracket)...]
      guard host.first == "[", inside.utf8.count >= 2, inside.allSatisfy({ $0.isHexDigit || $0 == ":" || $0 == "." })
      else { return false }
      return rest.isEmpty || (rest.first == ":" && isPort(rest.dropFirst()))
    }
    if let colon = host.firstIndex(of: ":") {
      guard isPort(host[host.index(after: colon)...]) else { return false }
      name = host[..<colon]
    }
    return !name.isEmpty
      && name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
        guard let first = label.utf8.first, let last = label.utf8.last else { return false }
        return isAlphanumeric(first) && isAlphanumeric(last)
          && label.utf8.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
      }
  }

  private static func isPort(_ text: Substring) -> Bool {
    text.utf8.allSatisfy { (48...57).contains($0) } && (1...65_535).contains(Int(text) ?? 0)
  }

  private static func isPath(_ path: Substring) -> Bool {
    path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy(isComponent)
  }

  /// Runs of letters and digits, joined by one '.', one or two '_', or any number of '-'.
  private static func isComponent(_ component: Substring) -> Bool {
    func isWord(_ byte: UInt8) -> Bool { (97...122).contains(byte) || (48...57).contains(byte) }
    let bytes = Array(component.utf8)
    guard let first = bytes.first, let last = bytes.last, isWord(first), isWord(last) else { return false }
    let joints = bytes.split(whereSeparator: isWord)
    return joints.allSatisfy { joint in
      joint.elementsEqual(".".utf8) || joint.elementsEqual("_".utf8) || joint.elementsEqual("__".utf8)
        || joint.allSatisfy { $0 == UInt8(ascii: "-") }
    }
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
  }

  /// For a message: one line, of a length that a person reads.
  private static func shown(_ text: String) -> String {
    let scalars = text.unicodeScalars.prefix(120).map { $0.properties.generalCategory == .control ? "?" : $0 }
    return String(String.UnicodeScalarView(scalars)) + (text.unicodeScalars.count > 120 ? "…" : "")
  }
}
