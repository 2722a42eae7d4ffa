internal import SlipwayModel

/// How a release gets into a slot.
enum DeployGrammar {
  static let deploy = Shape<DeploySpec>.choice(
    "a deployment",
    [
      .key("processes", processes, "Slipway runs the service as local processes, one per slot, and supervises them.") {
        .processes($0)
      },
      .key("commands", commands, "Any deploy tool, called by command line.") { .commands($0) },
    ])

  static let variables =
    "More variables; values may refer to ${env:NAME} or ${file:PATH}. SLIPWAY_RELEASE, SLIPWAY_ARTIFACT, SLIPWAY_DIGEST, "
    + "SLIPWAY_COMMIT, SLIPWAY_SLOT, SLIPWAY_ENVIRONMENT and SLIPWAY_RUN are always set."

  private static let processes = Shape<ProcessesSpec>.object(
    "processes", ProcessesSpec(run: "", portA: 0, portB: 0),
    [
      .required("run", \.run, .command, "Run by sh -c, in the foreground; listens on $PORT."),
      .required("ports", \.ports, EnvironmentGrammar.pair("ports", .port), "The port of each slot, on 127.0.0.1."),
      .optional("environment", \.environment, .variables, variables),
      .optional(
        "directory", \.directory, .text("a folder"), "Relative to the pipeline file; its own folder when left out."),
      .optional(
        "stop_grace", \.stopGrace, .duration(orNone: true), "How long a process may take to end after SIGTERM."),
    ])

  private static let commands = Shape<CommandsSpec>.object(
    "commands", CommandsSpec(run: "", addressA: "", addressB: ""),
    [
      .required("run", \.run, effective, "Deploys the release into the slot; must be harmless when repeated."),
      .optional(
        "read_back", \.readBack, effective, "Prints the release or digest that the slot holds, an empty line for none."),
      .optional("destroy", \.destroy, .command, "Removes the release from the slot; kept when left out."),
      .required(
        "addresses", \.addresses, EnvironmentGrammar.pair("addresses", .address),
        "host:port of the service in each slot."),
      .optional("environment", \.environment, .variables, variables),
      .optional(
        "directory", \.directory, .text("a folder"), "Relative to the pipeline file; its own folder when left out."),
      .optional("timeout", \.timeout, .duration(), "How long one command may take."),
    ])

  /// A command that can do or say something.
  static let effective = Shape<String>.command.checked { command, node, reading in
    guard command.isNoCommand else { return }
    reading.report(
      .meaning, node.position, "this command does nothing and always succeeds", expected: "the real command")
  }
}

extension ProcessesSpec {
  fileprivate var ports: SlotPair<Int> {
    get { SlotPair(a: portA, b: portB) }
    set { (portA, portB) = (newValue.a, newValue.b) }
  }
}

extension CommandsSpec {
  fileprivate var addresses: SlotPair<String> {
    get { SlotPair(a: addressA, b: addressB) }
    set { (addressA, addressB) = (newValue.a, newValue.b) }
  }
}

extension String {
  /// Whether a shell that runs it can only succeed: nothing, `true`, `:`, `exit 0`, or anything with `|| true` behind it.
  var isNoCommand: Bool {
    let words = split { $0.isWhitespace || $0 == ";" }.map(String.init)
    let line = words.joined(separator: " ")
    let empty = ["", "true", ":", "exit", "exit 0", "/bin/true", "/usr/bin/true"]
    return empty.contains(line) || ["|| true", "|| :", "||true", "|| exit 0"].contains { line.hasSuffix($0) }
      || (words.first == "echo" && !line.contains { "|&<>`".contains($0) } && !line.contains("$("))
      || line.hasPrefix("#")
  }
}
