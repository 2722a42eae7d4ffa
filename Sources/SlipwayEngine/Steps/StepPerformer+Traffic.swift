internal import SlipwayConnectors
internal import SlipwayModel

/// Dividing traffic, and what has to change hands with it.
extension StepPerformer {
  private var targets: [Slot: String] {
    var targets = [plan.green: plan.environment.address(of: plan.green)]
    if let blue = plan.blue { targets[blue.slot] = plan.environment.address(of: blue.slot) }
    return targets
  }

  /// Divides traffic. Where names of databases are swapped with it, green gets its data before the first request, and blue its own right after the last.
  func shift(
    _ percent: Int, settles: Bool, generation: UInt64, _ progress: @escaping @Sendable (String) -> Void
  ) async -> DataOutcome {
    let change = nameChange(percent, settles: settles)
    guard let change else {
      return DataOutcome(result: await divide(percent, settles: settles, generation: generation))
    }
    if percent == 0 {
      let divided = await divide(percent, settles: settles, generation: generation)
      guard case .succeeded(let said) = divided else { return DataOutcome(result: divided) }
      return await exchange(change, after: said, progress)
    }
    if plan.operation == .promote, let illness = await illnessOfGreen() {
      return DataOutcome(result: .failed("green is not well, so it gets no traffic: \(illness)"))
    }
    var outcome = await exchange(change, after: "", progress)
    guard case .succeeded(let said) = outcome.result else { return outcome }
    let divided = await divide(percent, settles: settles, generation: generation)
    if case .succeeded(let split) = divided {
      outcome.result = .succeeded("\(said); \(split)")
    } else {
      outcome.result = divided
    }
    return outcome
  }

  private func illnessOfGreen() async -> String? {
    guard let verification = verification(.green, []) else { return nil }
    return await connectors.verifier.probe(verification)
  }

  private func divide(_ percent: Int, settles: Bool, generation: UInt64) async -> StepResult {
    let wanted = plan.split(percent: percent, settles: settles)
    if percent > 0, !settles, !plan.verifiesAfterShift, let illness = await illnessOfGreen() {
      return .failed("green is not well, so it gets no traffic: \(illness)")
    }
    // A look that came back when everybody had given up must not be followed by a write.
    if Task.isCancelled, !Mutant.writeWhenGivenUp.isActive { return .errored("given up before traffic was touched") }
    do throws(ConnectorError) {
      try await connectors.plane.apply(
        wanted, targets: targets, generation: Mutant.forgetFence.isActive ? 1 : generation)
      if Mutant.believeAcknowledgement.isActive { return .succeeded("it said so") }
      let found = try await connectors.plane.readSplit()
      guard found == wanted else { return .errored("asked for \(wanted), but the data plane says \(found)") }
      if percent == 0 { return await drained(wanted) }
      return .succeeded("read back: \(wanted)")
    } catch {
      return Self.result(of: error)
    }
  }

  /// 0 % is believed when nothing new arrives at green: its counter stands still while its last requests finish.
  private func drained(_ split: Split) async -> StepResult {
    let began = time.now()
    var before: UInt64?
    // A plane that settles slowly may still send requests to green after it has said that it does not.
    let settled = began + connectors.plane.capabilities.settles
    while time.now() < settled {
      do { try await time.sleep(for: min(.milliseconds(20), settled - time.now())) } catch { break }
    }
    for _ in 0..<10 {
      do throws(ConnectorError) {
        let sample = try await connectors.plane.counters(now: time.now())
        let requests = sample.slots[plan.green]?.requests ?? 0
        let inFlight = try await connectors.plane.inFlight(plan.green)
        if before == requests, (inFlight ?? 0) == 0 {
          return .succeeded("read back: \(split); green answered its last request by \(time.now() - began) after that")
        }
        before = requests
      } catch {
        break
      }
      do { try await time.sleep(for: .milliseconds(20)) } catch { break }
    }
    return .succeeded("read back: \(split); green is still finishing requests that it had begun")
  }
}
