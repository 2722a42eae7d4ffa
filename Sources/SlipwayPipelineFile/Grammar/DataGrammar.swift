internal import SlipwayModel

/// Who keeps the data of an environment.
enum DataGrammar {
  static let data = Shape<DataSpec>.choice(
    "what keeps the data",
    [
      .key("postgres", PostgresGrammar.postgres, "A PostgreSQL database and its files, kept by Slipway itself.") {
        .postgres($0.spec)
      },
      .key("commands", commands, "Any backup and migration tool, called by command line.") { .commands($0) },
    ])

  private static let commands = Shape<DataCommandsSpec>.object(
    "commands", DataCommandsSpec(snapshot: "", readBack: ""),
    [
      .required(
        "snapshot", \.snapshot, DeployGrammar.effective,
        "Takes and verifies a snapshot named $SLIPWAY_SNAPSHOT; must be harmless when repeated."),
      .optional(
        "migrate", \.migrate, DeployGrammar.effective,
        "Brings the data to what $SLIPWAY_RELEASE needs; must be harmless when repeated."),
      .optional(
        "restore", \.restore, DeployGrammar.effective,
        "Brings the data back to $SLIPWAY_SNAPSHOT, whole or not at all; must be harmless when repeated."),
      .required(
        "read_back", \.readBack, DeployGrammar.effective,
        "Prints 'done' or 'undone': whether $SLIPWAY_DEED (snapshot, migrate or restore) has happened."),
      .optional("environment", \.environment, .variables, DeployGrammar.variables),
      .optional(
        "directory", \.directory, .text("a folder"), "Relative to the pipeline file; its own folder when left out."),
      .optional("timeout", \.timeout, .duration(), "How long one command may take."),
    ])
}
