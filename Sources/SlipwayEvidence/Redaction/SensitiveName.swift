/// Which names of settings, fields and headers announce a secret.
enum SensitiveName {
  private static let endings = [
    "password", "passwd", "passphrase", "passcode", "pwd", "secret", "token", "apikey", "accesskey", "secretkey",
    "privatekey", "signingkey", "encryptionkey", "credential", "credentials", "authorization", "connectionstring",
    "databaseurl", "dsn", "cookie",
  ]

  /// The endings, last letter first, by their last letter; most names are turned away by theirs.
  private static let backwards: [[[UInt8]]] = {
    var table = [[[UInt8]]](repeating: [], count: 256)
    for ending in endings {
      let letters = Array(ending.utf8.reversed())
      table[Int(letters[0])].append(letters)
    }
    return table
  }()

  /// Longer names do not announce anything.
  static let lengthLimit = 64

  /// Whether `name` ends in such a word, whatever its case and its dashes, dots and underscores: `DB_PASSWORD`, `apiKey`.
  static func matches(_ name: some BidirectionalCollection<UInt8>) -> Bool {
    guard name.count <= lengthLimit, let last = name.last(where: ByteClass.isAlphanumeric), ByteClass.isLetter(last)
    else {
      return false
    }
    if backwards[Int(last | 0x20)].contains(where: { ends(name, $0) }) { return true }
    return name.count == 4 && name.lazy.map { $0 | 0x20 }.elementsEqual("pass".utf8)
  }

  private static func ends(_ name: some BidirectionalCollection<UInt8>, _ backwards: [UInt8]) -> Bool {
    var matched = 0
    for byte in name.reversed() where ByteClass.isAlphanumeric(byte) {
      guard byte | 0x20 == backwards[matched] else { return false }
      matched += 1
      if matched == backwards.count { return true }
    }
    return false
  }

  /// Whether what follows `name` is secret to the end of the line: the headers whose values have spaces in them.
  static func takesWholeLine(_ name: some Sequence<UInt8>) -> Bool {
    let letters = name.filter(ByteClass.isLetter).map { $0 | 0x20 }
    return ["authorization", "cookie"].contains { letters.suffix($0.utf8.count).elementsEqual($0.utf8) }
  }
}
