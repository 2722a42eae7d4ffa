internal import ArgumentParser
internal import SlipwayModel

/// Ways around a rule that a promotion may be asked to take, and what else goes with the ask.
struct AskOptions: ParsableArguments {
  @Flag(
    name: .long, help: "Outside windows and freezes, for an incident; the people of 'exceptions: {emergency: …}' agree."
  )
  var emergency = false
  @Option(name: .long, help: "With --emergency: the incident.") var incident: String?
  @Option(name: .long, help: "Despite a freeze, for this reason; the people of 'exceptions: {freeze: …}' agree too.")
  var freezeException: String?
  @Option(
    name: .long, help: "Without a stay in the environment before, for this reason; 'exceptions: {hotfix: …}' agree.")
  var hotfix: String?
  @Option(name: .long, help: "Set this gate aside; may be repeated; needs --reason and 'exceptions: {break_glass: …}'.")
  var breakGlass: [String] = []
  @Option(name: .long, help: "With --break-glass: why.") var reason: String?
  @Option(name: .long, help: "After a rejection: what was done about it.") var resubmit: String?
  @Option(name: .long, help: "Begin in discouraged hours, for this reason.") var despiteHours: String?

  @Option(
    name: .long, help: "How many hours the old release is kept startable: 1 to 168; default: keep_blue of the file.")
  var rollbackWindow: Int?
  @Flag(name: .long, help: "Leave smoke tests out; never where the environment is protected.")
  var skipSmokeTests = false
  @Flag(name: .long, help: "A breach asks before it takes traffic back; never where the environment is protected.")
  var noAutoRollback = false

  private var terms: PromotionTerms {
    PromotionTerms(
      rollbackWindowHours: rollbackWindow, skipSmokeTests: skipSmokeTests,
      automaticRollback: noAutoRollback ? false : nil)
  }

  /// - Throws: ``CommandError`` when two ways are asked for at once, or a reason is missing.
  var ask: PromotionAsk {
    get throws {
      var exceptions: [PromotionException] = []
      if emergency {
        guard let incident else { throw CommandError(.usage, "--emergency needs --incident, the incident it is for") }
        exceptions.append(.emergency(incident: incident))
      } else if incident != nil {
        throw CommandError(.usage, "--incident goes with --emergency")
      }
      if let freezeException { exceptions.append(.freeze(reason: freezeException)) }
      if let hotfix { exceptions.append(.hotfix(reason: hotfix)) }
      if !breakGlass.isEmpty {
        guard let reason else { throw CommandError(.usage, "--break-glass needs --reason") }
        exceptions.append(.breakGlass(gates: breakGlass.sorted(), reason: reason))
      } else if reason != nil {
        throw CommandError(.usage, "--reason goes with --break-glass")
      }
      guard exceptions.count <= 1 else {
        throw CommandError(
          .usage, "one way around a rule at a time; asked for: \(exceptions.map(\.name).joined(separator: ", "))")
      }
      return PromotionAsk(
        exception: exceptions.first, resubmission: resubmit, despiteHours: despiteHours, terms: terms)
    }
  }
}
