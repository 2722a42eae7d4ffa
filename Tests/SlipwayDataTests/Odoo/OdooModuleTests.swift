import Foundation
import SlipwayData
import SlipwayModel
import Testing

@Suite("Odoo: modules")
struct OdooModuleTests {
  private let rules = OdooModuleRules([
    OdooModule(name: "base", state: "installed"), OdooModule(name: "shop", state: "installed"),
    OdooModule(name: "sign", state: "uninstallable", license: "OEEL-1"),
  ])

  @Test("B6: every expected module is installed, or each that is not is named with its state")
  func expected() {
    #expect(rules.expected(["base", "shop"]).passed)
    let missing = rules.expected(["base", "sign", "stock"])
    #expect(!missing.passed)
    #expect(missing.detail == "missing of 3 expected modules: sign (uninstallable), stock (not installed)")
    #expect(!rules.expected([]).passed, "nothing expected is nothing proved")
  }

  @Test("B12: proprietary is what has such a license and is in use; what is merely listed is none")
  func proprietary() {
    #expect(rules.proprietary(isAllowed: false).passed)
    for state in ["installed", "to upgrade", "to remove"] {
      for license in ["OEEL-1", "OPL-1", "Other proprietary"] {
        let found = OdooModuleRules([OdooModule(name: "sign", state: state, license: license)])
        #expect(!found.proprietary(isAllowed: false).passed)
        #expect(found.proprietary(isAllowed: false).detail.contains("sign (\(license), \(state))"))
        #expect(found.proprietary(isAllowed: true).passed)
      }
    }
    for state in ["uninstalled", "uninstallable", "to install"] {
      #expect(
        OdooModuleRules([OdooModule(name: "x", state: state, license: "OPL-1")]).proprietary(isAllowed: false).passed)
    }
  }

  @Test("a module that is half-way in or out is named", arguments: ["to install", "to upgrade", "to remove"])
  func unfinished(state: String) {
    #expect(rules.finished().passed)
    let half = OdooModuleRules([OdooModule(name: "stock", state: state)]).finished()
    #expect(!half.passed)
    #expect(half.detail.hasPrefix("half installed: stock (\(state))"))
  }

  @Test("an installed module without code on disk is named; Odoo itself starts without it and exits 0")
  func code() async throws {
    try await withScratchFolder { folder in
      for name in ["1.0/base", "1.0/shop"] {
        let place = folder.appending(path: name)
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        try Data().write(to: place.appending(path: "__manifest__.py"))
      }
      func check(_ path: String, _ release: ReleaseID = "1.0", _ modules: [OdooModule]? = nil) -> DataCheck {
        (modules.map(OdooModuleRules.init) ?? rules).code(in: OdooAddons([path], release: release, root: folder.path))
      }
      #expect(check("${release}").passed)
      #expect(check("${release}", "2.0").detail == "folder \(folder.path)/2.0 of 'addons' does not exist")
      try FileManager.default.removeItem(at: folder.appending(path: "1.0/shop/__manifest__.py"))
      #expect(!check("1.0").passed)
      #expect(check("1.0").detail.hasSuffix(": shop"))
      #expect(
        check(
          "1.0", "1.0",
          [
            OdooModule(name: "base", state: "installed"),
            OdooModule(name: "studio", state: "installed", isImported: true),
          ]
        ).passed)
      #expect(!check("1.0", "1.0", []).passed, "a database without base is no Odoo database")
      #expect(!check("1.0", "1.0", [OdooModule(name: "../1.0/base", state: "installed")]).passed)
    }
  }
}

@Suite("Odoo: copies and production")
struct OdooConditionTests {
  @Test("B4: a neutralized copy never becomes production, and production's copy never serves elsewhere as it is")
  func passage() {
    var harmless = OdooCondition()
    harmless.isNeutralized = true
    let real = OdooCondition()
    #expect(harmless.neutrality(neutralizes: true, isProtected: false).passed)
    let carried = harmless.neutrality(neutralizes: false, isProtected: true)
    #expect(!carried.passed && carried.detail.contains("must not become production"))
    #expect(harmless.neutrality(neutralizes: false, isProtected: false).passed)
    #expect(real.neutrality(neutralizes: false, isProtected: true).passed)
    #expect(real.neutrality(neutralizes: false, isProtected: true, comesFromProduction: true).passed)
    let copied = real.neutrality(neutralizes: false, isProtected: false, comesFromProduction: true)
    #expect(!copied.passed && copied.detail.contains("would send mail"))
    #expect(!real.neutrality(neutralizes: true, isProtected: false).passed)
  }

  @Test("whatever neutralizing leaves switched on is named")
  func leftovers() {
    var condition = OdooCondition()
    condition.isNeutralized = true
    condition.mailServers = ["Company mail"]
    condition.jobs = ["Mail: Email Queue Manager"]
    condition.secrets = ["google_gmail_client_secret"]
    let check = condition.neutrality(neutralizes: true, isProtected: false)
    #expect(!check.passed)
    for word in ["Company mail", "Email Queue Manager", "google_gmail_client_secret"] {
      #expect(check.detail.contains(word))
    }
  }

  @Test("web.base.url must be right and frozen")
  func address() {
    var condition = OdooCondition()
    #expect(!condition.address(wanted: nil).passed)
    condition.baseURL = "http://localhost:8069"
    #expect(
      condition.address(wanted: "https://shop.example").detail
        == "is http://localhost:8069, https://shop.example expected")
    condition.baseURL = "https://shop.example"
    #expect(condition.address(wanted: "https://shop.example").detail == "is https://shop.example, but not frozen")
    condition.isBaseURLFrozen = true
    #expect(condition.address(wanted: "https://shop.example").passed)
  }
}
