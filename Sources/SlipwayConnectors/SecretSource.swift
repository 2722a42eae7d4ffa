internal import Foundation
package import SlipwayModel

/// Resolves `${env:NAME}` and `${file:PATH}` at the moment of use.
package struct SecretSource: Sendable {
  private let environment: [String: String]
  private let folder: String

  /// - Parameters:
  ///   - environment: the variables that `${env:…}` may name.
  ///   - folder: where a relative `${file:…}` is looked up.
  package init(environment: [String: String], folder: String) {
    self.environment = environment
    self.folder = folder
  }

  /// The text with its references replaced.
  ///
  /// - Throws: ``ConnectorError/Code/misconfigured`` naming the variable or file that is missing, never a value.
  package func resolve(_ text: SecretText) throws(ConnectorError) -> Secret {
    var value = ""
    for part in text.parts {
      switch part {
      case .literal(let literal): value += literal
      case .environment(let name):
        guard let found = environment[name] else {
          throw ConnectorError(.misconfigured, "environment variable \(name) is not set; set it before running slipway")
        }
        value += found
      case .file(let path): value += try contents(of: path)
      }
    }
    return Secret(value)
  }

  /// A secret file is small; a larger one is a mistake.
  private static let limit = 65_536

  private func contents(of path: String) throws(ConnectorError) -> String {
    let full = path.hasPrefix("/") ? path : folder + "/" + path
    guard let handle = FileHandle(forReadingAtPath: full), let data = try? handle.read(upToCount: Self.limit + 1) else {
      throw ConnectorError(.misconfigured, "secret file \(path) cannot be read; check that it exists and its rights")
    }
    guard data.count <= Self.limit, let text = String(data: data, encoding: .utf8) else {
      throw ConnectorError(.misconfigured, "secret file \(path) is larger than 64 KiB or not UTF-8")
    }
    return text.hasSuffix("\n") ? String(text.dropLast()) : text
  }
}
