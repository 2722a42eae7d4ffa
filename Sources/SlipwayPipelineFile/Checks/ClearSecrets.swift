internal import SlipwayModel

/// Refuses values that look like secrets in clear: a key such as `DB_PASSWORD` whose value refers to nothing.
enum ClearSecrets {
  private static let words: Set<String> = [
    "password", "passwd", "pwd", "passphrase", "token", "secret", "key", "apikey", "authorization", "credential",
    "credentials", "cookie",
  ]
  private static let endings = ["password", "passwd", "token", "secret", "apikey"]

  /// The keys under which names of the user stand as keys; a role `key-holders: 2` holds no key. Under `tls` a key is the path of a file.
  private static let names: Set<String> = ["roles", "by", "ports", "tls"]

  static func check(_ node: YAMLNode, _ reading: Reading) {
    switch node.content {
    case .scalar: break
    case .sequence(let nodes): for node in nodes { check(node, reading) }
    case .mapping(let entries):
      for entry in entries where !names.contains(entry.key) {
        if isSecret(entry.key), let text = entry.value.text, !text.isEmpty, !hasReference(text) {
          // The value is never part of the message.
          reading.report(
            .secret, entry.value.position, "'\(entry.key.shortened)' looks like a secret written in clear",
            expected: "a reference such as ${env:NAME} or ${file:PATH}")
        }
        check(entry.value, reading)
      }
    }
  }

  static func isSecret(_ key: String) -> Bool {
    var parts: [String] = [""]
    var before: Character = "_"
    for character in key {
      if !character.isLetter && !character.isNumber {
        parts.append("")
      } else {
        if character.isUppercase && before.isLowercase { parts.append("") }
        parts[parts.count - 1] += character.lowercased()
      }
      before = character
    }
    return parts.contains { part in
      words.contains(part) || endings.contains { part.hasSuffix($0) || part.hasSuffix($0 + "s") }
    }
  }

  private static func hasReference(_ text: String) -> Bool {
    SecretText(text).parts.contains { part in
      switch part {
      case .literal: false
      case .environment(let name), .file(let name): !name.isEmpty
      }
    }
  }
}
