internal import Foundation
internal import SlipwayConnectors
internal import SlipwayModel
internal import Testing

/// A runner with the variables every command gets.
func runner(in folder: String, secrets: [String: String] = [:]) -> CommandRunner {
  CommandRunner(
    folder: folder, inherited: ["PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": folder],
    secrets: SecretSource(environment: secrets, folder: folder))
}

@Suite("Commands")
struct CommandRunnerTests {
  private static let patience = Span.seconds(60)

  @Test("an exit code is a result, with the output that led to it", arguments: [0, 1, 42, 127])
  func exitCode(code: Int) async throws {
    try await withFolder { folder in
      let output = try await runner(in: folder).run(
        "echo out; echo err >&2; exit \(code)", timeout: Self.patience)
      #expect(output.code == Int32(code))
      #expect(output.text == "out\nerr\n")
      #expect(output.ending == "out / err")
      #expect(!output.isCut)
    }
  }

  @Test("a signal that ends a command shows as 128 and its number")
  func signal() async throws {
    try await withFolder { folder in
      let output = try await runner(in: folder).run("kill -KILL $$", timeout: Self.patience)
      #expect(output.code == 128 + 9)
    }
  }

  @Test("a command sees the inherited variables and its own, and nothing else of ours")
  func environment() async throws {
    try await withFolder { folder in
      let output = try await runner(in: folder, secrets: ["UNUSED": "not passed on"]).run(
        "env | cut -d= -f1 | sort; pwd", variables: ["SLIPWAY_RELEASE": "1.2"], timeout: Self.patience)
      let names = Set(output.text.split(separator: "\n").map(String.init))
      #expect(names.isSuperset(of: ["PATH", "HOME", "SLIPWAY_RELEASE", folder]))
      #expect(names.subtracting(["PATH", "HOME", "SLIPWAY_RELEASE", "PWD", "OLDPWD", "SHLVL", "_", folder]).isEmpty)
    }
  }

  @Test(
    "standard input arrives whole, and a command that does not read it does no harm",
    arguments: ["cat | wc -c", "true"])
  func input(line: String) async throws {
    try await withFolder { folder in
      let text = String(repeating: "0123456789", count: 100_000)
      let output = try await runner(in: folder).run(line, input: text, timeout: Self.patience)
      #expect(output.code == 0)
      #expect(output.text == (line == "true" ? "" : "1000000\n"))
    }
  }

  @Test("a flood of output ends up as its bounded tail, and that is said")
  func flood() async throws {
    try await withFolder { folder in
      let output = try await runner(in: folder).run(
        "head -c 20000000 /dev/zero | tr '\\0' 'x'; echo; echo the end", timeout: Self.patience)
      #expect(output.code == 0)
      #expect(output.isCut)
      #expect(output.text.utf8.count <= CommandRunner.outputLimit)
      #expect(output.text.hasSuffix("x\nthe end\n"))
      #expect(output.ending.count <= 501)
    }
  }

  @Test("a hanging command is killed with its grandchildren at the deadline, even when they ignore SIGTERM")
  func deadline() async throws {
    try await withFolder { folder in
      let stubborn =
        "(trap '' TERM; echo $$ > child; sh -c 'trap \"\" TERM; echo $$ > grandchild; while :; do sleep 1; done' & wait; wait)"
      // The deadline has to leave time to start on a busy machine; what counts is that nothing is left at the return.
      let error = await #expect(throws: ConnectorError.self) {
        try await runner(in: folder).run("\(stubborn) & echo $! > first; wait", timeout: .seconds(4))
      }
      #expect(error?.code == .timedOut)
      #expect(error?.message.contains("did not end within 4s and was killed") == true)
      let ids = ["first", "grandchild"].compactMap { number(in: folder + "/" + $0) }
      #expect(ids.count == 2)
      try await eventually("every process has ended") { ids.allSatisfy { !isRunning($0) } }
    }
  }

  @Test("a command has time to tidy up after SIGTERM")
  func grace() async throws {
    try await withFolder { folder in
      await #expect(throws: ConnectorError.self) {
        try await runner(in: folder).run(
          "trap 'echo tidy > done; exit 0' TERM; echo up > up; while :; do sleep 0.1; done", timeout: .seconds(3))
      }
      #expect(FileManager.default.fileExists(atPath: folder + "/up"))
      #expect(FileManager.default.fileExists(atPath: folder + "/done"))
    }
  }

  @Test("cancelling the task ends the command and says so")
  func cancellation() async throws {
    try await withFolder { folder in
      let task = Task { try await runner(in: folder).run("echo $$ > id; sleep 600", timeout: .seconds(600)) }
      try await eventually("the command runs") { number(in: folder + "/id") != nil }
      task.cancel()
      let error = await #expect(throws: ConnectorError.self) { try await task.value }
      #expect(error?.message.contains("cancelled") == true)
      let id = try #require(number(in: folder + "/id"))
      try await eventually("every process has ended") { !isRunning(id) }
    }
  }

  @Test("a command that leaves a daemon behind ends when it ends, not when the daemon does")
  func daemon() async throws {
    try await withFolder { folder in
      let output = try await runner(in: folder).run("sleep 300 & echo $! > id; echo started", timeout: .seconds(120))
      #expect(output.code == 0)
      #expect(output.text == "started\n")
      let id = try #require(number(in: folder + "/id"))
      #expect(isRunning(id))
      kill(id, SIGKILL)
    }
  }

  @Test("standard output stands alone where it is an answer")
  func answer() async throws {
    try await withFolder { folder in
      let output = try await runner(in: folder).run(
        "echo warning >&2; echo 1.2", isAnswer: true, timeout: Self.patience)
      #expect(output.answer == "1.2\n")
      #expect(output.text.contains("warning") && output.text.contains("1.2"))
    }
  }

  @Test("a folder that does not exist is named", arguments: ["nowhere", "file"])
  func folder(name: String) async throws {
    try await withFolder { folder in
      _ = try write("", to: "file", in: folder)
      let error = await #expect(throws: ConnectorError.self) {
        try await runner(in: folder).run("true", directory: name, timeout: Self.patience)
      }
      #expect(error?.code == .misconfigured)
      #expect(error?.message.contains(name) == true)
    }
  }

  @Test("control characters do not reach a message")
  func control() async throws {
    try await withFolder { folder in
      let output = try await runner(in: folder).run("printf 'a\\033[31mb\\r\\nc\\007\\n'", timeout: Self.patience)
      #expect(output.ending == "a[31mb / c")
    }
  }
}

@Suite("Commands: secrets")
struct CommandSecretTests {
  private static let secret = "hunter2-hunter2"

  private func output(_ line: String, _ folder: String) async throws -> CommandOutput {
    try await runner(in: folder, secrets: ["TOKEN": Self.secret]).run(
      line, references: ["URL": SecretText("https://user:${env:TOKEN}@host"), "PLAIN": SecretText("seen")],
      timeout: .seconds(60))
  }

  @Test("B11: the command gets the secret, its output loses it, whole and in part")
  func redacted() async throws {
    try await withFolder { folder in
      let output = try await output(
        "echo \"$URL\" \"$PLAIN\"; echo \"${URL#*user:}\" >&2; test \"$URL\" = 'https://user:\(Self.secret)@host'",
        folder)
      #expect(output.code == 0)
      #expect(output.text == "[REDACTED] seen\n[REDACTED]@host\n")
    }
  }

  @Test("B11: no cut of a flood leaves a part of a secret over")
  func cut() async throws {
    try await withFolder { folder in
      for filler in 0..<20 {
        let output = try await output(
          "printf '%0\(200_000)d' 0; echo; i=0; while [ $i -lt 6000 ]; do echo \"${URL#*user:}\"; i=$((i+1)); done; printf '%\(filler)s' ''",
          folder)
        #expect(output.isCut)
        #expect(!output.text.contains("hunter"))
        // Nothing but marks, hosts and blanks may be there, not even the end of a value at the cut.
        let rest = output.text.replacing("[REDACTED]@host\n", with: "").trimmingCharacters(in: .whitespaces)
        #expect("[REDACTED]@host\n".hasSuffix(rest), "\(rest.prefix(40))")
      }
    }
  }

  @Test("B11: a failure's message holds no secret, and a missing one is named, not shown")
  func messages() async throws {
    try await withFolder { folder in
      let error = await #expect(throws: ConnectorError.self) {
        try await runner(in: folder, secrets: ["TOKEN": Self.secret]).run(
          "echo \"$A\"; sleep 600", references: ["A": SecretText("${env:TOKEN}")], timeout: .seconds(2))
      }
      #expect(error?.message.contains("hunter") == false)
      let missing = await #expect(throws: ConnectorError.self) {
        try await runner(in: folder, secrets: ["TOKEN": Self.secret]).run(
          "true", references: ["A": SecretText("${env:TOKEN}"), "B": SecretText("${env:OTHER}")], timeout: .seconds(60))
      }
      #expect(missing?.code == .misconfigured)
      #expect(missing?.message.contains("OTHER") == true)
      #expect(missing?.message.contains("hunter") == false)
    }
  }

  @Test("B11: a secret of several lines is found line by line")
  func lines() async throws {
    try await withFolder { folder in
      let key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0\nBAQEFAASCBKcwggSjAgEAAo\n-----END KEY-----\n"
      _ = try write(key, to: "key.pem", in: folder)
      let output = try await runner(in: folder).run(
        "echo \"$KEY\" | sed -n 2p | tr -d ' '; echo \"$KEY\" | sed -n 3p",
        references: ["KEY": SecretText("${file:key.pem}")], timeout: .seconds(60))
      #expect(output.text == "[REDACTED]\n[REDACTED]\n")
    }
  }
}
