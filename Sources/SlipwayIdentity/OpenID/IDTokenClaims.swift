internal import Foundation
internal import JWTKit
internal import SlipwayModel

/// Everything that a token says, by claim.
struct IDTokenClaims: JWTPayload {
  let values: [String: ClaimValue]

  init(from decoder: any Decoder) throws { values = try [String: ClaimValue](from: decoder) }
  func encode(to encoder: any Encoder) throws { try values.encode(to: encoder) }

  /// What the claims mean is judged by ``IDTokenRules``, which knows the statement and the time.
  func verify(using algorithm: some JWTAlgorithm) {}

  /// The claim of that name, or of that path: `realm_access.roles`. A name with dots of its own comes first.
  subscript(name: String) -> ClaimValue? {
    if let value = values[name] { return value == .null ? nil : value }
    guard name.contains(".") else { return nil }
    var value: ClaimValue? = .object(values)
    for part in name.split(separator: ".", omittingEmptySubsequences: false) {
      guard case .object(let members)? = value else { return nil }
      value = members[String(part)]
    }
    return value == .null ? nil : value
  }

  /// Text; nil where the claim is missing.
  func text(_ name: String) throws(IdentityError) -> String? {
    switch self[name] {
    case nil: return nil
    case .text(let text)?: return text
    default: throw Self.odd(name, "is no text")
    }
  }

  /// One text or a list of them; empty where the claim is missing.
  func texts(_ name: String) throws(IdentityError) -> [String] {
    switch self[name] {
    case nil: return []
    case .text(let text)?: return [text]
    case .list(let list)?:
      let texts = list.compactMap { if case .text(let text) = $0 { text } else { nil } }
      guard texts.count == list.count else { throw Self.odd(name, "lists something that is no text") }
      return texts
    default: throw Self.odd(name, "is neither a text nor a list of texts")
    }
  }

  /// Seconds since 1970 (RFC 7519, NumericDate); nil where the claim is missing.
  func time(_ name: String) throws(IdentityError) -> Timestamp? {
    switch self[name] {
    case nil: return nil
    // Up to the year 9999; beyond, arithmetic would overflow.
    case .number(let seconds)? where seconds >= 0 && seconds < 253_402_300_800:
      return Timestamp(milliseconds: Int64(seconds * 1_000))
    default: throw Self.odd(name, "is no time in seconds since 1970")
    }
  }

  private static func odd(_ name: String, _ what: String) -> IdentityError {
    IdentityError(
      .malformed,
      "the token's claim '\(name.shown(40))' \(what); mend the provider's mapping of claims and sign in again")
  }
}

/// A value of a claim.
enum ClaimValue: Codable, Sendable, Equatable {
  case null
  case text(String)
  case flag(Bool)
  case number(Double)
  case list([ClaimValue])
  case object([String: ClaimValue])

  init(from decoder: any Decoder) throws {
    if let members = try? decoder.container(keyedBy: AnyKey.self) {
      self = .object(
        try Dictionary(
          members.allKeys.map { ($0.stringValue, try members.decode(ClaimValue.self, forKey: $0)) },
          uniquingKeysWith: { first, _ in first }))
      return
    }
    if var list = try? decoder.unkeyedContainer() {
      var values: [ClaimValue] = []
      while !list.isAtEnd { values.append(try list.decode(ClaimValue.self)) }
      self = .list(values)
      return
    }
    let single = try decoder.singleValueContainer()
    if single.decodeNil() {
      self = .null
    } else if let text = try? single.decode(String.self) {
      self = .text(text)
    } else if let flag = try? single.decode(Bool.self) {
      self = .flag(flag)
    } else {
      self = .number(try single.decode(Double.self))
    }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encodeNil()
    case .text(let text): try container.encode(text)
    case .flag(let flag): try container.encode(flag)
    case .number(let number): try container.encode(number)
    case .list(let list): try container.encode(list)
    case .object(let members): try container.encode(members)
    }
  }

  private struct AnyKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }
}
