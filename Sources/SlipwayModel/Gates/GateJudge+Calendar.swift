/// Gates on the time of day and of the year.
extension GateJudge {
  /// Everything that says when this promotion may begin.
  private var timetable: Timetable { timetable(windows: plan.windows) }

  private func timetable(windows: [String: Window]) -> Timetable {
    Timetable(
      of: plan.to, in: plan.project, windows: windows,
      freezes: surroundings.freezes + ledger.freezes.values.sorted { $0.name < $1.name },
      calendars: surroundings.calendars, isDespiteHours: plan.despiteHours != nil)
  }

  // MARK: Windows

  func window(_ gate: GateSpec, _ name: String, at now: Timestamp) -> GateReport {
    guard let window = plan.windows[name], let opening = window.opening(from: now) else {
      return GateReport(
        gate: gate.name, verdict: .failed, reason: "window '\(name)' never opens; correct it in the pipeline file",
        remedy: "give the window hours in which it opens, and make a new plan")
    }
    let proof = [
      Proof(what: "window '\(name)': \(Window.text(window.ranges)) (\(window.zone))", from: "plan", at: now)
    ]
    guard opening == now else {
      let (until, more) = wait(atLeast: opening, from: now)
      return GateReport(
        gate: gate.name, verdict: .waiting(until: until),
        reason: "window '\(name)' (\(window.zone)) opens \(opening)\(more)",
        remedy: "wait until \(until); see slipway windows \(plan.to)", proof: proof)
    }
    let closing = window.closing(after: now).map { ", closes \($0)" } ?? ""
    let open = "window '\(name)' (\(window.zone)) is open\(closing)"
    guard window.isDiscouraged(at: now) else {
      return GateReport(gate: gate.name, verdict: .passed, reason: open, proof: proof)
    }
    return discouraged(gate, window, open, proof, at: now)
  }

  private func discouraged(
    _ gate: GateSpec, _ window: Window, _ open: String, _ proof: [Proof], at now: Timestamp
  ) -> GateReport {
    let hours = "discouraged hours (\(Window.text(window.discouraged)))"
    let better = window.nextUndiscouraged(from: now)
    let advice = better.map { "better from \($0)" } ?? "no better hour comes within a year"
    if let reason = plan.despiteHours {
      return GateReport(
        gate: gate.name, verdict: .passed, reason: open, warnings: ["begins in \(hours) all the same: \(reason)"],
        proof: proof)
    }
    guard window.whenDiscouraged == .ask else {
      return GateReport(
        gate: gate.name, verdict: .passed, reason: open, warnings: ["begins in \(hours); \(advice)"], proof: proof)
    }
    let despite = "slipway promote \(plan.release.id) --to \(plan.to) --despite-hours REASON"
    guard let better else {
      return GateReport(
        gate: gate.name, verdict: .failed, reason: "\(open), but all its hours are discouraged",
        remedy: "say why not to wait with: \(despite)", proof: proof)
    }
    let (until, more) = wait(atLeast: better, from: now)
    return GateReport(
      gate: gate.name, verdict: .waiting(until: until), reason: "\(open), but these are \(hours); \(advice)\(more)",
      remedy: "wait until \(until), or say why not with: \(despite)", proof: proof)
  }

  /// Until when to wait so that nothing else stands in the way then, and how to say that.
  private func wait(atLeast own: Timestamp, from now: Timestamp) -> (until: Timestamp, more: String) {
    // A calendar that cannot be read is the other gate's to tell.
    guard let search = try? timetable.nextAllowed(from: now), let all = search.allowed, all > own else {
      return (own, "")
    }
    let names = search.obstacles.filter { $0.until ?? own > own }.map { "'\($0.name)'" }
    return (all, "; with \(Set(names).sorted().joined(separator: ", ")) the first time is \(all)")
  }

  /// When this could be done in peace, for whoever has to mend something first (C2).
  package func maintenanceProposal(from now: Timestamp) -> String {
    guard !plan.windows.isEmpty else {
      return "no window is named for \(plan.to); agree on a maintenance window, and see slipway windows \(plan.to)"
    }
    let openings = (try? timetable.openings(from: now, count: 12)) ?? []
    guard let next = openings.first(where: { $0.from > now && $0.allowed != nil }) else {
      return "no window of \(plan.to) opens again within the time that is looked at; see slipway windows \(plan.to)"
    }
    let names = plan.windows.keys.sorted().map { "'\($0)'" }.joined(separator: ", ")
    let begin = next.allowed ?? next.from
    return "proposed maintenance window: \(names) from \(begin)\(next.until.map { " until \($0)" } ?? "")"
  }

  // MARK: Freezes

  func freeze(_ gate: GateSpec, at now: Timestamp) -> GateReport {
    let only = timetable(windows: [:])
    let proof = freezeProof(only, at: now)
    var problems: [String] = []
    for calendar in only.calendars {
      if case .failure(let why) = calendar.content {
        problems.append(
          "calendar '\(calendar.spec.name)' (\(calendar.spec.file)): \(why.all.map(\.description).joined(separator: "; "))"
        )
      }
    }
    let search: Timetable.Search
    do throws(CalendarProblem) {
      guard problems.isEmpty else { throw CalendarProblem(problems.joined(separator: "; ")) }
      search = try only.nextAllowed(from: now)
    } catch {
      return GateReport(
        gate: gate.name, verdict: .error, reason: "what is frozen is not known: \(error)",
        remedy: "mend the calendar file; nothing is promoted while nobody knows what is frozen", proof: proof)
    }
    let active = (try? only.frozen(at: now)) ?? []
    guard !active.isEmpty else {
      return GateReport(
        gate: gate.name, verdict: .passed, reason: "no freeze covers \(plan.to)",
        warnings: only.calendars.compactMap { runOut($0, now) },
        proof: proof)
    }
    let names = active.map { "'\($0.name)' (\($0.reason))" }.joined(separator: ", ")
    guard let free = search.allowed else {
      return GateReport(
        gate: gate.name, verdict: .failed,
        reason: "frozen by \(names), and no end of it is in sight before \(search.looked)",
        remedy: "end the freeze; see slipway freeze list", proof: proof)
    }
    let (until, more) = wait(atLeast: free, from: now)
    return GateReport(
      gate: gate.name, verdict: .waiting(until: until), reason: "frozen by \(names) until \(free)\(more)",
      remedy: remedy(active, until), proof: proof)
  }

  private func remedy(_ active: [Timetable.Obstacle], _ until: Timestamp) -> String {
    let removable = active.filter { $0.kind == .freeze && ledger.freezes[$0.name] != nil }.map(\.name)
    let other = removable.map { "slipway freeze remove \($0)" }.joined(separator: ", ")
    return "wait until \(until)" + (removable.count == active.count ? ", or end the freeze with: \(other)" : "")
  }

  /// A calendar that nobody has renewed freezes nothing any more, which looks like a free year.
  private func runOut(_ calendar: FreezeCalendar, _ now: Timestamp) -> String? {
    if (try? calendar.next(after: now)) != nil { return nil }
    return "calendar '\(calendar.spec.name)' (\(calendar.spec.file)) has no event after \(now); renew it"
  }

  private func freezeProof(_ timetable: Timetable, at now: Timestamp) -> [Proof] {
    let ordered = timetable.freezes.filter { ledger.freezes[$0.name] == $0 }.count
    var proof = [
      Proof(what: "\(timetable.freezes.count - ordered) freezes", from: "pipeline file", at: now),
      Proof(what: "\(ordered) freezes", from: "journal", at: now),
    ]
    for calendar in timetable.calendars {
      let what = (try? calendar.content.get()).map { "\($0.count) events" } ?? "nothing that is understood"
      proof.append(
        Proof(
          what: "calendar '\(calendar.spec.name)': \(what)", from: calendar.spec.file, at: now, digest: calendar.digest)
      )
    }
    return proof
  }
}
