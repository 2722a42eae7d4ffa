internal import Foundation
package import SlipwayModel

/// Verifies a running service over HTTP and by command: health first, then the version, then every smoke test.
package struct ServiceVerifier: Verifier {
  private let probe: HTTPProbe
  private let runner: CommandRunner
  private let secrets: SecretSource
  private let data: (any DataChecks)?
  private let sleep: @Sendable (Span) async throws -> Void

  /// - Parameters:
  ///   - probe: asks over HTTP.
  ///   - runner: runs command checks.
  ///   - secrets: resolves what a test user signs in with.
  ///   - data: looks at the data; nil where nobody can.
  ///   - sleep: waits between two tries.
  package init(
    probe: HTTPProbe, runner: CommandRunner, secrets: SecretSource, data: (any DataChecks)? = nil,
    sleep: @escaping @Sendable (Span) async throws -> Void
  ) {
    self.probe = probe
    self.runner = runner
    self.secrets = secrets
    self.data = data
    self.sleep = sleep
  }

  package func verify(_ verification: Verification, progress: @Sendable (String) -> Void) async -> [CheckOutcome] {
    let health = await poll(verification, progress)
    // A service that is not well has no version and passes no test; asking would only wait.
    guard health.passed else { return [health] }
    var outcomes = [health]
    if let version = verification.version { outcomes.append(await self.version(version, verification)) }
    for check in verification.checks {
      // What was not asked must not look as if nothing had been wrong with it.
      if Task.isCancelled {
        outcomes.append(CheckOutcome(name: check.name, passed: false, detail: "not run: cancelled", seconds: 0))
        continue
      }
      let outcome = await run(check, verification)
      progress("\(outcome.name): \(outcome.detail)")
      outcomes.append(outcome)
    }
    return outcomes
  }

  package func probe(_ verification: Verification) async -> String? { await illness(verification) }

  // MARK: Health

  /// Up to `tries` times, `every` apart (A8).
  private func poll(_ verification: Verification, _ progress: @Sendable (String) -> Void) async -> CheckOutcome {
    let health = verification.health
    let started = ContinuousClock.now
    var reason = "was not asked"
    for attempt in 1...max(1, health.tries) {
      guard let illness = await illness(verification) else {
        progress("health try \(attempt) of \(health.tries): \(health.status)")
        return CheckOutcome(
          name: "health", passed: true, detail: "\(health.status) at try \(attempt) of \(health.tries)",
          seconds: Self.since(started))
      }
      reason = illness
      progress("health try \(attempt) of \(health.tries): \(illness)")
      if attempt == health.tries { break }
      do { try await sleep(health.every) } catch {
        reason += "; waiting for the next try was cancelled"
        break
      }
    }
    return CheckOutcome(
      name: "health", passed: false, detail: "\(verification.url)\(health.path) never became well: \(reason)",
      seconds: Self.since(started))
  }

  private func illness(_ verification: Verification) async -> String? {
    let health = verification.health
    do throws(ConnectorError) {
      let answer = try await probe.get(verification.url + health.path, timeout: health.timeout)
      return answer.status == health.status ? nil : "answered \(answer.status), \(health.status) expected"
    } catch {
      return error.message
    }
  }

  private func version(_ spec: VersionSpec, _ verification: Verification) async -> CheckOutcome {
    let started = ContinuousClock.now
    let wanted = verification.deployment.release.id.text
    do throws(ConnectorError) {
      let answer = try await probe.get(verification.url + spec.path, timeout: verification.health.timeout)
      let isThere = (200..<300).contains(answer.status) && Self.names(wanted, in: answer.body)
      let said = answer.body.prefix(80).replacing("\n", with: " ")
      return CheckOutcome(
        name: "version", passed: isThere,
        detail: isThere ? wanted : "\(wanted) expected, it says '\(said)' (\(answer.status))",
        seconds: Self.since(started))
    } catch {
      return CheckOutcome(name: "version", passed: false, detail: error.message, seconds: Self.since(started))
    }
  }

  /// Whether `text` names the version as a whole word: 1.2 is neither 1.2.3 nor 11.2 nor 1.2.rc1.
  package static func names(_ version: String, in text: String) -> Bool {
    guard !version.isEmpty else { return false }
    func isPart(_ character: Character) -> Bool { character.isLetter || character.isNumber }
    func continues(_ character: Character?) -> Bool { character.map { isPart($0) || ".-_+".contains($0) } ?? false }
    var rest = text[...]
    while let found = rest.range(of: version) {
      let before = found.lowerBound > text.startIndex ? text[text.index(before: found.lowerBound)] : nil
      let after = text[found.upperBound...]
      // A full stop that ends a sentence does not continue a version.
      let ends = after.first == "." ? !(after.dropFirst().first.map(isPart) ?? false) : !continues(after.first)
      if ends, !continues(before) { return true }
      rest = text[text.index(after: found.lowerBound)...]
    }
    return false
  }

  // MARK: Checks

  private func run(_ check: CheckSpec, _ verification: Verification) async -> CheckOutcome {
    let started = ContinuousClock.now
    let name = check.name
    do throws(ConnectorError) {
      let (passed, detail) = try await carryOut(check, verification)
      return CheckOutcome(name: name, passed: passed, detail: detail, seconds: Self.since(started))
    } catch {
      return CheckOutcome(name: name, passed: false, detail: error.message, seconds: Self.since(started))
    }
  }

  private func carryOut(_ check: CheckSpec, _ verification: Verification) async throws(ConnectorError) -> (Bool, String)
  {
    let release = verification.deployment.release.id.text
    switch check {
    case .http(_, let path, let status, let contains, let timeout):
      let answer = try await probe.get(
        verification.url + path.replacing("${release}", with: release), timeout: timeout)
      guard answer.status == status else { return (false, "answered \(answer.status), \(status) expected") }
      guard let wanted = contains?.replacing("${release}", with: release) else { return (true, "\(status)") }
      let isThere = contains == "${release}" ? Self.names(release, in: answer.body) : answer.body.contains(wanted)
      return (isThere, isThere ? "\(status), contains '\(wanted)'" : "answered \(status), but without '\(wanted)'")
    case .command(_, let line, let timeout):
      var variables = verification.deployment.variables
      variables["SLIPWAY_URL"] = verification.url
      let output = try await runner.run(line, variables: variables, timeout: timeout)
      return (output.code == 0, output.code == 0 ? "code 0" : "code \(output.code): \(output.ending)")
    case .data(_, let spec, let timeout):
      return try await look(spec, verification, timeout)
    case .signIn(_, let spec, let timeout):
      return try await SignInCheck(
        spec: spec, url: verification.url, probe: probe, secrets: secrets, timeout: timeout
      ).carryOut()
    }
  }

  /// What cannot be looked at has not passed.
  private func look(
    _ spec: DataCheckSpec, _ verification: Verification, _ timeout: Span
  ) async throws(ConnectorError) -> (Bool, String) {
    guard let data else {
      throw ConnectorError(
        .misconfigured,
        "nobody can look at the data of '\(verification.deployment.environment)' from here; "
          + "name who keeps them under 'data: {postgres: …}' of the environment")
    }
    let place = verification.deployment.data
    guard let database = place["SLIPWAY_DATABASE"] else {
      throw ConnectorError(
        .misconfigured, "which database slot \(verification.deployment.slot) works on is not known here")
    }
    let looked = CheckedData(
      database: database, files: place["SLIPWAY_FILES"], deployment: verification.deployment)
    let found = try await data.look(spec, at: looked, timeout: timeout)
    let failed = found.filter { !$0.passed }
    let told = (failed.isEmpty ? found : failed).map { found.count == 1 ? $0.detail : "\($0.name): \($0.detail)" }
    // A look that found nothing to say has seen nothing.
    return (failed.isEmpty && !found.isEmpty, told.isEmpty ? "nothing was looked at" : told.joined(separator: "; "))
  }

  private static func since(_ start: ContinuousClock.Instant) -> Double {
    let spent = (ContinuousClock.now - start).components
    return Double(spent.seconds) + Double(spent.attoseconds) / 1e18
  }
}
