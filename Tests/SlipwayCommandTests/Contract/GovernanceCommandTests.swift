import Foundation
import Testing

@Suite("Commands: who decides, and what goes around a rule")
struct GovernanceCommandTests {
  private static let anybody = "identity: {local: true, claimed: true}"

  @Test("E8, F3: an approval signed with an SSH key counts, for this run and this plan alone; a claimed name does not")
  func signed() async throws {
    try await Shop.with({
      $0.shortPipeline.replacing(Self.anybody, with: "identity: {ssh: {allowed_signers: signers}}")
    }) { shop in
      try await shop.register("1.0.0")
      let key = shop.folder.appending(path: "id").path
      _ = try await Program.run(
        "/usr/bin/ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "ann", "-f", key], in: shop.folder)
      let published = try String(contentsOfFile: key + ".pub", encoding: .utf8)
      try shop.write("ann \(published)", to: "signers")
      // Whoever asks proves it too, or nobody could tell that they approve their own request.
      let unproven = try await shop.slipway("promote", "1.0.0", "--to", "production", "--as", "carol", expecting: 77)
      #expect(unproven.complaint.contains("SSH signature"), "\(unproven)")
      let asking = shop.folder.appending(path: "carol").path
      _ = try await Program.run(
        "/usr/bin/ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "carol", "-f", asking], in: shop.folder)
      let asker = try String(contentsOfFile: asking + ".pub", encoding: .utf8)
      try shop.write("ann \(published)carol \(asker)", to: "signers")
      let run = try await shop.slipway(
        "promote", "1.0.0", "--to", "production", "--as", "carol", "--sign", asking
      ).firstLine
      let claimed = try await shop.slipway("approve", run, "--as", "ann", expecting: 77)
      #expect(claimed.complaint.contains("SSH signature"), "\(claimed)")
      let stranger = try await shop.slipway("approve", run, "--as", "bob", "--sign", key, expecting: 77)
      #expect(stranger.complaint.contains("bob"), "\(stranger)")
      try await shop.slipway("approve", run, "--as", "ann", "--sign", key)
      try await shop.slipway("revoke", run, "--as", "ann", "--sign", key, "--reason", "second thoughts")
      #expect(try await shop.slipway("statement", run).text.hasSuffix("round: 1\n"))
      try await shop.slipway("approve", run, "--as", "ann", "--sign", key)
      let ended = try await shop.driveWithCustomers(run)
      #expect(ended.status == "success")
      let evidence = try #require(ended.evidenceDir)
      let approval = try String(contentsOfFile: evidence + "/approval.json", encoding: .utf8)
      #expect(approval.contains("BEGIN SSH SIGNATURE") && approval.contains("SHA256:"), "\(approval)")
    }
  }

  @Test("E8: what is signed can be made and checked with OpenSSH alone")
  func bareTools() async throws {
    try await Shop.with({
      $0.shortPipeline.replacing(Self.anybody, with: "identity: {ssh: {allowed_signers: signers}, claimed: true}")
    }) { shop in
      try await shop.register("1.0.0")
      let run = try await shop.promote("1.0.0")
      let statement = try await shop.slipway("statement", run)
      #expect(statement.text.hasPrefix("slipway decision: approve\nrun: \(run)\nplan: sha256:"))
      let json = try await shop.slipway("statement", run, "--output", "json")
      #expect(json.text.contains("\"namespace\" : \"slipway-decision\"") || json.text.contains("slipway-decision"))
    }
  }

  @Test("A5: a reply in words decides like the command, and one that says nothing decides nothing")
  func replies() async throws {
    try await Shop.with(\.shortPipeline) { shop in
      try await shop.register("1.0.0")
      let none = try await shop.slipway("reply", "--as", "ann", "approved promote shop", expecting: 64)
      #expect(none.complaint.contains("no open run"), "\(none)")
      let run = try await shop.promote("1.0.0")
      try await shop.slipway("run")
      let vague = try await shop.slipway("reply", "--as", "ann", "approved shop", expecting: 64)
      #expect(vague.complaint.contains("approved promote shop"), "\(vague)")
      #expect(try await shop.status(run).status == "awaiting_approval")
      try await shop.slipway("reply", "--as", "bob", "hold shop")
      #expect(try await shop.status(run).status == "held")
      try await shop.slipway("resume", run, "--as", "bob")
      try await shop.slipway("reply", "--as", "ann", "rejected shop -- too slow by far")
      #expect(try await shop.drive(run, expecting: 2).status == "rejected")
      let tasks = try String(
        contentsOf: shop.state.appending(path: "follow-ups/\(run).md"), encoding: .utf8)
      #expect(tasks.contains("too slow by far"))
      let bare = try await shop.slipway("promote", "1.0.0", "--to", "production", expecting: 2)
      #expect(bare.complaint.contains("--resubmit"), "\(bare)")
      let again = try await shop.slipway(
        "promote", "1.0.0", "--to", "production", "--resubmit", "index added", "--as", "carol"
      ).firstLine
      try await shop.slipway("reply", "--as", "ann", "approved promote 1.0.0")
      #expect(try await shop.driveWithCustomers(again).status == "success")
    }
  }

  @Test("E8: an approval is taken back, and the run waits again")
  func revoke() async throws {
    try await Shop.with(\.shortPipeline) { shop in
      try await shop.register("1.0.0")
      let run = try await shop.promote("1.0.0")
      try await shop.slipway("approve", run, "--as", "ann")
      try await shop.slipway("revoke", run, "--as", "ann", "--reason", "second thoughts")
      try await shop.slipway("run")
      #expect(try await shop.status(run).status == "awaiting_approval")
      #expect(try await shop.slipway("log", run).text.contains("second thoughts"))
    }
  }

  @Test("E1, F5: plan says for each gate what was read and what would make it pass, and answers for another moment")
  func planAt() async throws {
    let windows = "windows:\n  office: {zone: Europe/Berlin, open: [Mon-Fri 09:00-17:00]}\n"
    try await Shop.with({
      windows + $0.shortPipeline.replacing("gates: [no-freeze]", with: "gates: [no-freeze, tests, window: office]")
    }) { shop in
      try await shop.register("1.0.0")
      let open = try await shop.slipway(
        "plan", "1.0.0", "--to", "production", "--at", "2027-01-13T12:00:00+01:00")
      #expect(open.text.contains("to pass:") && open.text.contains("slipway report add 1.0.0"), "\(open)")
      #expect(open.text.contains("1 of 3 gates would not let it through"), "\(open)")
      let closed = try await shop.slipway(
        "plan", "1.0.0", "--to", "production", "--at", "2027-01-16T12:00:00+01:00")
      #expect(closed.text.contains("2 of 3 gates"), "\(closed)")
      #expect(closed.text.contains("looked at again: 2027-01-18T08:00:00"), "\(closed)")
      try await shop.slipway(
        "preflight", "1.0.0", "--to", "production", "--at", "no time", expecting: 64)
    }
  }

  @Test("E7, E17: an exception is there only where the file opens it, and its people decide")
  func exceptions() async throws {
    let opened = """
          exceptions:
            freeze: {by: {release-manager: 1}, review: 1h}
            emergency: {by: {vp: 1}}
      """
    try await Shop.with({
      $0.shortPipeline.replacing(
        "  release-manager: [ann, bob]\n", with: "  release-manager: [ann, bob]\n  vp: [dana]\n"
      )
      .replacing("    approval:\n", with: opened + "\n    approval:\n") + "\nnotify:\n  - run: cat >> told\n"
    }) { shop in
      try await shop.slipway("check")
      try await shop.register("1.0.0")
      try await shop.slipway("freeze", "add", "audit", "--until", "2099-01-01T00:00:00Z", "--reason", "auditors")
      let closed = try await shop.slipway(
        "promote", "1.0.0", "--to", "production", "--hotfix", "payments fail", expecting: 2)
      #expect(closed.complaint.contains("opens no hotfix"), "\(closed)")
      let plan = try await shop.slipway("plan", "1.0.0", "--to", "production", "--emergency", "--incident", "INC-7")
      #expect(plan.text.contains("set aside") && plan.text.contains("1 × vp"), "\(plan)")
      try await shop.slipway("promote", "1.0.0", "--to", "production", "--emergency", expecting: 64)
      let run = try await shop.slipway(
        "promote", "1.0.0", "--to", "production", "--emergency", "--incident", "INC-7", "--as", "carol"
      ).firstLine
      try await shop.slipway("approve", run, "--as", "ann", expecting: 77)
      try await shop.slipway("approve", run, "--as", "dana")
      #expect(try await shop.driveWithCustomers(run).status == "success")
      let told = try String(contentsOf: shop.folder.appending(path: "told"), encoding: .utf8)
      #expect(told.contains("EMERGENCY") && told.contains("INC-7"), "\(told)")
    }
  }

  @Test("E2: a look that fails takes the verification away, one that succeeds gives it back")
  func verify() async throws {
    try await Shop.with(\.shortPipeline) { shop in
      try await shop.register("1.0.0")
      let run = try await shop.promote("1.0.0")
      try await shop.slipway("approve", run, "--as", "ann")
      #expect(try await shop.driveWithCustomers(run).status == "success")
      try await shop.withDriver { _ in
        try await shop.slipway("verify", "production")
      }
      try await shop.slipway("verify", "nowhere", expecting: 64)
    }
  }
}

extension Shop {
  /// Drives a run to its end while customers order, as its watch needs requests.
  fileprivate func driveWithCustomers(_ run: String) async throws -> RunJSON {
    try await Customers.order(at: ports.front) { _ in try await drive(run) }
  }
}
