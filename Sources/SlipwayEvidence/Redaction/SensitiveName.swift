/// Which names of settings, fields and headers announce a secret.
enum SensitiveName {
  private static let endings = [
    "password", "passwd", "passphrase", "passcode", "pwd", "secret", "token", "apikey", "accesskey", "secretkey",
    "privatekey", "signingkey", "encryptionkey", "credential", "credentials", "authorization", "connectionstring",
    "databaseurl", "dsn", "cookie",
  ].map { Array($0.utf8) }

  /// Longer names do not announce anything.
  static let lengthLimit = 64

  /// Whether `name` ends in such a word, whatever its case and its dashes, dots and underscores: `DB_PASSWORD`, `apiKey`.
  static func matches(_ name: some Sequence<UInt8>) -> Bool {
    var letters: [UInt8] = []
    for byte in name {
      if ByteClass.isAlphanumeric(byte) { letters.append(ByteClass.isLetter(byte) ? byte | 0x20 : byte) }
      if letters.count > lengthLimit { return false }
    }
    return letters.elementsEqual("pass".utf8) || endings.contains { letters.suffix($0.count) == $0[...] }
  }

  /// Whether what follows `name` is secret to the end of the line: the headers whose values have spaces in them.
  static func takesWholeLine(_ name: some Sequence<UInt8>) -> Bool {
    let letters = name.filter(ByteClass.isLetter).map { $0 | 0x20 }
    return ["authorization", "cookie"].contains { letters.suffix($0.utf8.count).elementsEqual($0.utf8) }
  }
}
