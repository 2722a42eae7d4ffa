import Foundation
import SlipwayEngine
import SlipwayJournal
import SlipwayModel
import Testing

/// What must be true of the real world after a run that was hurt: asked of data plane, processes, journal and evidence, not of the run's own word.
struct Aftermath {
  let shop: Shop
  let run: String

  /// Expects one of `outcomes`, and the world as that ending says: `live` names what serves after a success and what serves otherwise. Without `plane` the
  /// weights are read from the built-in router.
  @discardableResult
  func expectSound(
    _ outcomes: Set<String>, live: (success: String, else: String), plane: RealHAProxy? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> String {
    let status = try await shop.status(run)
    #expect(outcomes.contains(status.status), "\(status)", sourceLocation: sourceLocation)
    let serving = status.status == "success" ? live.success : live.else
    let slot = try await onlyServingSlot(plane)
    let port = slot == "a" ? shop.ports.a : shop.ports.b
    var ask = HTTPAsk(port: port)
    let version = try? ask.get("/version").body
    #expect(
      version?.contains(serving) == true,
      "slot \(slot) has all traffic and holds \(version ?? "nothing"), not \(serving)",
      sourceLocation: sourceLocation)
    let services = shop.services()
    #expect(
      services.values.allSatisfy { $0.count == 1 }, "one process a slot: \(services)", sourceLocation: sourceLocation)
    if status.status == "rolled_back" {
      #expect(services.keys.sorted() == [port], "green is gone: \(services)", sourceLocation: sourceLocation)
    }
    try await expectOrderOfWrites(sourceLocation)
    try await shop.slipway("audit", "verify", sourceLocation: sourceLocation)
    try await shop.expectEvidence(of: run, outcome: status.status, sourceLocation: sourceLocation)
    return status.status
  }

  /// The slot with 100 % and no other, by the data plane's own table.
  private func onlyServingSlot(_ plane: RealHAProxy?) async throws -> String {
    if plane != nil {
      let ask = """
        import socket, sys
        s = socket.socket(socket.AF_UNIX); s.connect("h.sock"); s.sendall(("show map %s\\n" % sys.argv[1]).encode())
        print(b"".join(iter(lambda: s.recv(4096), b"")).decode())
        """
      let map = shop.folder.appending(path: "split.map").path
      let said = try await Program.run("/usr/bin/env", ["python3", "-c", ask, map], in: shop.folder).text
      let value = try #require(said.split(whereSeparator: \.isWhitespace).last { $0.contains(":") }, "\(said)")
      let words = value.split(separator: ":")
      let whole = zip(["a", "b"], words).filter { $0.1 == "100" }.map(\.0)
      try #require(whole.count == 1, "HAProxy divides \(value)")
      return whole[0]
    }
    try await startWhatServes()
    let table = try await shop.slipway("route", "status", "production", "--output", "json").object()
    let split = try #require(table["split"] as? [String: Any], "\(table)")
    let shares = ["a", "b"].compactMap { slot in (split[slot] as? Int).map { (slot, $0) } }
    let whole = shares.filter { $0.1 == 100 }.map(\.0)
    try #require(whole.count == 1, "the router divides \(split)")
    return whole[0]
  }

  /// A router that was killed after the run was over is started by the next driver.
  private func startWhatServes() async throws {
    func answers() async throws -> Bool {
      try await Program.run(["route", "status", "production"], in: shop.folder).code == 0
    }
    if try await answers() { return }
    if shop.drivers().isEmpty {
      try await shop.withDriver { _ in try await eventually("the router is there again") { try await answers() } }
    } else {
      try await eventually("the router is there again") { try await answers() }
    }
  }

  /// Every attempt stands in the journal before its end, and no effect is begun again before it was reported or asked back.
  private func expectOrderOfWrites(_ sourceLocation: SourceLocation) async throws {
    let reader = try JournalReader.open(folder: shop.state)
    defer { reader.close() }
    let entries = try await RunArchive(reader).entries(of: run)
    guard
      case .requested(let request) = try CanonicalJSON.decode(Event.self, from: try #require(entries.first).entry.body)
    else {
      Issue.record("the run does not begin with a request", sourceLocation: sourceLocation)
      return
    }
    var promotion = Promotion(request, at: entries[0].entry.at)
    var open: [Int: Int] = [:]
    for stored in entries.dropFirst() {
      let event = try CanonicalJSON.decode(Event.self, from: stored.entry.body)
      switch event {
      case .stepIntended(let step, let attempt, _) where promotion.records[step].step.action.hasEffect:
        #expect(
          open[step] == nil, "\(promotion.records[step].step.id) was begun again without being asked back",
          sourceLocation: sourceLocation)
        open[step] = attempt
      case .stepReported(let step, let attempt, _):
        if promotion.records[step].step.action.hasEffect, open[step] == nil,
          case .intended = promotion.records[step].status
        {
          Issue.record("attempt \(attempt) of step \(step) ended without an intent", sourceLocation: sourceLocation)
        }
        open[step] = nil
      case .readBack(let step, _, _): open[step] = nil
      default: break
      }
      promotion.apply(event, at: stored.entry.at)
      #expect(promotion.violations.isEmpty, "\(promotion.violations)", sourceLocation: sourceLocation)
    }
    #expect(promotion.isFinished, sourceLocation: sourceLocation)
  }
}
