internal import Foundation
package import SlipwayModel

/// One row of `ir_module_module`.
package struct OdooModule: Sendable, Equatable {
  package var name: String
  package var state: String
  package var license: String
  package var version: String
  /// Came as data through the web page and has no code on disk.
  package var isImported: Bool

  package init(name: String, state: String, license: String = "LGPL-3", version: String = "", isImported: Bool = false)
  {
    self.name = name
    self.state = state
    self.license = license
    self.version = version
    self.isImported = isImported
  }

  /// What upstream counts as there: its code runs now, or until the next update has finished.
  package static let inUse: Set<String> = ["installed", "to upgrade", "to remove"]
  /// Half-way in or out; an update was begun and never finished.
  package static let unfinished: Set<String> = ["to install", "to upgrade", "to remove"]
  /// `license` as Odoo writes it for what may not be run without a contract.
  package static let proprietary: Set<String> = ["OEEL-1", "OPL-1", "Other proprietary"]

  /// All modules that the database knows.
  package static func all(_ session: PostgresSession) async throws(DatabaseError) -> [OdooModule] {
    // `imported` is there only where the module that adds it is installed.
    let rows = try await session.rows(
      """
      SELECT name, state, license, latest_version, to_jsonb(m) ->> 'imported'
      FROM ir_module_module AS m WHERE state <> 'uninstalled' ORDER BY name
      """)
    return rows.map { row in
      OdooModule(
        name: row[0] ?? "", state: row[1] ?? "", license: row[2] ?? "", version: row[3] ?? "",
        isImported: row[4] == "true")
    }
  }
}

/// What the modules of a database say about it.
package struct OdooModuleRules: Sendable {
  package let modules: [OdooModule]

  package init(_ modules: [OdooModule]) { self.modules = modules }

  /// Every one of `expected` is installed.
  package func expected(_ expected: [String]) -> DataCheck {
    let installed = modules.count { $0.state == "installed" }
    let states = Dictionary(modules.map { ($0.name, $0.state) }, uniquingKeysWith: { first, _ in first })
    let missing = expected.compactMap { name -> String? in
      guard states[name] != "installed" else { return nil }
      return "\(name) (\(states[name] ?? "not installed"))"
    }
    guard !expected.isEmpty else {
      return DataCheck("modules", passed: false, detail: "no module is expected; name them in 'modules' under 'odoo'")
    }
    return DataCheck(
      "modules", passed: missing.isEmpty,
      detail: missing.isEmpty
        ? "all \(expected.count) expected modules are installed, \(installed) in all"
        : "missing of \(expected.count) expected modules: \(Self.list(missing))")
  }

  /// No module is half-way in or out.
  package func finished() -> DataCheck {
    let found = modules.filter { OdooModule.unfinished.contains($0.state) }.map { "\($0.name) (\($0.state))" }
    return DataCheck(
      "modules settled", passed: found.isEmpty,
      detail: found.isEmpty
        ? "no module is half installed" : "half installed: \(Self.list(found)); finish it with an update of the modules"
    )
  }

  /// The code of every module in use lies in one of the addons' folders: Odoo itself starts without it and exits with 0.
  package func code(in addons: OdooAddons) -> DataCheck {
    let needed = modules.filter { OdooModule.inUse.contains($0.state) && !$0.isImported }
    if let folder = addons.missingFolder {
      return DataCheck("module code", passed: false, detail: "folder \(folder) of 'addons' does not exist")
    }
    guard !needed.isEmpty else {
      return DataCheck("module code", passed: false, detail: "no module is installed, not even base")
    }
    let missing = needed.map(\.name).filter { !addons.hold($0) }
    return DataCheck(
      "module code", passed: missing.isEmpty,
      detail: missing.isEmpty
        ? "the code of all \(needed.count) installed modules is on disk"
        : "installed, but without code in \(addons.folders.joined(separator: ", ")): \(Self.list(missing))")
  }

  /// No proprietary module is in use; those that are merely listed are none.
  package func proprietary(isAllowed: Bool) -> DataCheck {
    let found = modules.filter { OdooModule.proprietary.contains($0.license) && OdooModule.inUse.contains($0.state) }
    let names = found.map { "\($0.name) (\($0.license), \($0.state))" }
    let words = names.isEmpty ? "no proprietary module is in use" : "proprietary modules in use: \(Self.list(names))"
    return DataCheck(
      "proprietary", passed: names.isEmpty || isAllowed,
      detail: names.isEmpty ? words : words + (isAllowed ? "; the pipeline file allows them" : ""))
  }

  static func list(_ names: [String]) -> String {
    names.count <= 8
      ? names.joined(separator: ", ") : names.prefix(8).joined(separator: ", ") + " and \(names.count - 8) more"
  }
}

/// Folders in which the code of modules lies.
package struct OdooAddons: Sendable {
  package let folders: [String]

  /// - Parameters:
  ///   - paths: as in the pipeline file; `${release}` is replaced.
  ///   - release: what it is replaced by.
  ///   - root: what relative ones are relative to.
  package init(_ paths: [String], release: ReleaseID, root: String) {
    folders = paths.map { path in
      let path = path.replacing("${release}", with: release.text)
      return path.hasPrefix("/") ? path : root + "/" + path
    }
  }

  var missingFolder: String? {
    folders.first { folder in
      var isFolder: ObjCBool = false
      return !FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder) || !isFolder.boolValue
    }
  }

  func hold(_ module: String) -> Bool {
    // A module's name becomes part of a path here, and it comes from a database.
    guard !module.isEmpty,
      module.utf8.allSatisfy({ $0 == 95 || (48...57).contains($0) || (97...122).contains($0 | 32) })
    else { return false }
    return folders.contains { folder in
      ["__manifest__.py", "__openerp__.py"].contains {
        FileManager.default.fileExists(atPath: "\(folder)/\(module)/\($0)")
      }
    }
  }
}
