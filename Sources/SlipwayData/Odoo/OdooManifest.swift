internal import Foundation
internal import SlipwayConnectors

/// `manifest.json` of a backup in Odoo's own format.
package struct OdooManifest: Sendable, Equatable {
  package var database: String
  /// Such as `19.0`.
  package var version: String
  /// As Odoo writes it: `15.0` for a server 15.20; nobody should believe the second number.
  package var server: String
  /// The installed ones and their versions.
  package var modules: [String: String]

  package init(database: String, version: String, server: String, modules: [String: String]) {
    self.database = database
    self.version = version
    self.server = server
    self.modules = modules
  }

  static let byteLimit = 16 << 20

  private struct Wire: Codable {
    var odoo_dump: String
    var db_name: String
    var version: String
    var version_info: [Piece]
    var major_version: String?
    var pg_version: String?
    var modules: [String: String]?
  }

  /// A number or a text.
  private enum Piece: Codable {
    case number(Int)
    case text(String)

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let number = try? container.decode(Int.self) {
        self = .number(number)
      } else {
        self = .text(try container.decode(String.self))
      }
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      switch self {
      case .number(let number): try container.encode(number)
      case .text(let text): try container.encode(text)
      }
    }
  }

  init(_ bytes: [UInt8]) throws(ConnectorError) {
    let broken = { (why: String) in ConnectorError(.garbage, "manifest.json \(why)") }
    guard let wire = try? JSONDecoder().decode(Wire.self, from: Data(bytes)) else {
      throw broken("is not that of a backup of Odoo")
    }
    guard wire.odoo_dump == "1" else {
      throw broken("is of form '\(wire.odoo_dump.prefix(20))'; '1' is understood")
    }
    self.init(
      database: wire.db_name, version: wire.major_version ?? wire.version, server: wire.pg_version ?? "",
      modules: wire.modules ?? [:])
  }

  var bytes: [UInt8] {
    let numbers = version.split(separator: ".").map { Int($0) ?? 0 } + [0, 0]
    let wire = Wire(
      odoo_dump: "1", db_name: database, version: version,
      version_info: [.number(numbers[0]), .number(numbers[1]), .number(0), .text("final"), .number(0), .text("")],
      major_version: version, pg_version: server, modules: modules)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return ((try? encoder.encode(wire)).map { Array($0) } ?? []) + [10]
  }
}
