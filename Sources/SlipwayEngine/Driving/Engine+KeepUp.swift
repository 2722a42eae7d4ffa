internal import SlipwayConnectors
internal import SlipwayJournal
internal import SlipwayModel

/// Keeping up what serves, between promotions: nothing of it may wait for the next command to be found dead.
extension Engine {
  /// How long one environment may take to answer.
  private static var answerTime: Span { .seconds(15) }

  /// Asks data plane and deployer of every environment that serves something, again and again until cancelled.
  ///
  /// Asking is what starts a router or a host process that was killed or went down with the machine. An environment with an open run is left to it.
  func keepUp(every pause: Span) async {
    var trouble: [EnvironmentName: String] = [:]
    while !Task.isCancelled {
      let ledger = await house.ledger()
      for environment in (try? pipeline())?.environments ?? [] {
        guard let live = ledger.environments[environment.name]?.live,
          let open = try? await openRuns(of: environment.name), open.isEmpty, !opening.contains(environment.name)
        else { continue }
        let found = await illness(of: environment, live)
        if found != trouble[environment.name] { await say(found, live, environment.name) }
        trouble[environment.name] = found
      }
      do { try await house.time.sleep(for: pause) } catch { return }
    }
  }

  private func illness(of environment: EnvironmentSpec, _ live: Placement) async -> String? {
    let deployment = Deployment(
      environment: environment.name, slot: live.slot, release: live.release, run: live.run)
    let answer: String?? = await Deadline.bound(Self.answerTime, house.time) { [house] in
      do throws(ConnectorError) {
        let connectors = try house.catalog.connectors(for: environment)
        _ = try await connectors.plane.readSplit()
        _ = try await connectors.deployer.contents(of: deployment)
        return nil
      } catch {
        return error.message
      }
    }
    return answer ?? "it did not answer within \(Self.answerTime)"
  }

  private func say(_ trouble: String?, _ live: Placement, _ environment: EnvironmentName) async {
    let text = trouble.map { "\(environment) cannot be asked: \($0)" } ?? "\(environment) answers again"
    house.progress(live.run, "keep-up", text)
    let message = Message(
      event: trouble == nil ? "recovered" : "escalated", project: house.project, run: live.run,
      release: live.release.id, environment: environment, text: text)
    _ = await Deadline.bound(Self.answerTime, house.time) { [house] in await house.catalog.tell(message) }
  }
}
