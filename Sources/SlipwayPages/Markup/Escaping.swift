/// Makes a text harmless where it is shown.
enum Escaping {
  /// For HTML, between tags and in quoted attributes alike.
  static func html(_ text: String) -> String {
    var escaped = ""
    escaped.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      case "'": escaped += "&#39;"
      // Old browsers end an attribute here.
      case "`": escaped += "&#96;"
      default: escaped.unicodeScalars.append(isHidden(scalar) ? "\u{FFFD}" : scalar)
      }
    }
    return escaped
  }

  /// For a terminal: one line, without the characters that would steer it.
  static func line(_ text: String) -> String {
    var clean = ""
    for scalar in text.unicodeScalars {
      if scalar == "\n" || scalar == "\t" || scalar == "\r" {
        clean += " "
      } else {
        clean.unicodeScalars.append(isHidden(scalar) ? "\u{FFFD}" : scalar)
      }
    }
    return clean
  }

  /// Control characters, and those that turn the direction of what follows: a document that people decide from must not read otherwise than it is.
  private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x09, 0x0A: false
    case 0x00...0x1F, 0x7F...0x9F: true
    case 0x200B...0x200F, 0x202A...0x202E, 0x2060...0x2069, 0x061C, 0xFEFF, 0x2028, 0x2029: true
    // Tag characters and noncharacters.
    case 0xE0000...0xE007F: true
    case let value where value & 0xFFFE == 0xFFFE || (0xFDD0...0xFDEF).contains(value): true
    default: false
    }
  }
}
