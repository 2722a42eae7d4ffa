internal import Foundation
internal import SlipwayConnectors
internal import SlipwayModel
internal import Testing

@Suite("Telling people by command")
struct CommandNotifierTests {
  private let message = Message(
    event: "promoted", project: "shop", run: "run-7", release: "1.2", environment: "production",
    text: "100 % on green, \"all well\"\nsecond line")

  @Test("A10: every command gets the message as JSON on its standard input")
  func message() async throws {
    try await withFolder { folder in
      let notifier = CommandNotifier(
        [NotifySpec(run: "cat > one; echo $SLIPWAY_EVENT $SLIPWAY_RUN >> one"), NotifySpec(run: "cat > two")],
        runner: runner(in: folder))
      #expect(await notifier.tell(message) == nil)
      let one = try String(contentsOfFile: folder + "/one", encoding: .utf8)
      #expect(one.hasSuffix("}\npromoted run-7\n"))
      let two = try JSONDecoder().decode(Message.self, from: Data(contentsOf: URL(fileURLWithPath: folder + "/two")))
      #expect(two == message)
    }
  }

  @Test("what fails is said, stops no other, and shows no secret")
  func failure() async throws {
    try await withFolder { folder in
      let notifier = CommandNotifier(
        [
          NotifySpec(run: "echo \"no room for $HOOK\"; exit 4", environment: ["HOOK": SecretText("${env:HOOK}")]),
          NotifySpec(run: "true", environment: ["OTHER": SecretText("${env:OTHER}")]),
          NotifySpec(run: "cat > third"),
        ], runner: runner(in: folder, secrets: ["HOOK": "https://chat/T0KEN"]))
      let said = try #require(await notifier.tell(message))
      #expect(said.contains("code 4: no room for [REDACTED]"))
      #expect(said.contains("OTHER is not set"))
      #expect(!said.contains("T0KEN"))
      #expect(FileManager.default.fileExists(atPath: folder + "/third"))
    }
  }
}
