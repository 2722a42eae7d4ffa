import Foundation
import SlipwayIdentity
import SlipwayModel
import Testing

@Suite("Identity: SSH signatures")
struct SSHTests {
  private static let environment = ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"]

  /// A folder with keys and an allowed-signers file.
  private struct Bench: Sendable {
    let folder: URL

    func key(_ name: String, _ kind: [String] = ["ed25519"], passphrase: String = "") throws -> String {
      let path = folder.appending(path: name).path
      #expect(try run(["ssh-keygen", "-q", "-N", passphrase, "-f", path, "-t"] + kind, folder: folder).code == 0)
      return path
    }

    func publicKey(_ path: String) throws -> String {
      try String(contentsOfFile: path + ".pub", encoding: .utf8).split(separator: " ").prefix(2).joined(separator: " ")
    }

    func allow(_ lines: String...) throws {
      try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: folder.appending(path: "signers"))
    }

    func plainSignature(_ key: String, _ text: String = Sample.statement.text, namespace: String = "slipway-decision")
      throws
      -> String
    {
      try run(["ssh-keygen", "-q", "-Y", "sign", "-n", namespace, "-f", key], input: text, folder: folder).output
    }

    func prove(
      _ signature: String, by person: Person = "ann", _ statement: DecisionStatement = Sample.statement,
      mfa: Bool = false, at now: Timestamp = Sample.now
    ) async throws -> Identity {
      try await withClient { client in
        let spec = IdentitySpec(ssh: SSHSpec(allowedSigners: "signers", countsAsMFA: mfa))
        let prover = IdentityProver(spec: spec, folder: folder.path, environment: SSHTests.environment, client: client)
        return try await prover.prove(.ssh(signature: signature), by: person, statement: statement, at: now)
      }
    }
  }

  @Test(
    "E8, F3: what ssh-keygen signs is accepted, and what we sign ssh-keygen accepts",
    arguments: [["ed25519"], ["ecdsa", "-b", "256"], ["rsa", "-b", "2048"]])
  func bothWays(_ kind: [String]) async throws {
    try await withFolder { folder in
      let bench = Bench(folder: folder)
      let key = try bench.key("key", kind)
      try bench.allow(
        "# people", "ann,ann@example.com namespaces=\"slipway-decision\" \(try bench.publicKey(key)) laptop")
      let theirs = try bench.plainSignature(key)
      let identity = try await bench.prove(theirs)
      let fingerprint = try run(["ssh-keygen", "-l", "-f", key + ".pub"], folder: folder).output.split(separator: " ")[
        1]
      #expect(
        identity
          == Identity(
            person: "ann", kind: .ssh, provenAt: Sample.now, authority: String(fingerprint), proof: theirs))

      let ours = try await SSHSigner(environment: Self.environment).sign(Sample.statement, key: key)
      #expect(try await bench.prove(ours, by: "ann@example.com", mfa: true).mfa)
      try Data(ours.utf8).write(to: folder.appending(path: "ours.sig"))
      let verdict = try run(
        ["ssh-keygen", "-Y", "verify", "-f", "signers", "-I", "ann", "-n", "slipway-decision", "-s", "ours.sig"],
        input: Sample.statement.text, folder: folder)
      #expect(verdict.code == 0, "\(verdict.output)")
    }
  }

  @Test("E8: a key in an agent signs, named by its public part; one with a passphrase asks for it")
  func agentAndPassphrase() async throws {
    try await withFolder { folder in
      let bench = Bench(folder: folder)
      let key = try bench.key("key")
      try bench.allow("ann \(try bench.publicKey(key))")
      let socket = folder.appending(path: "agent").path
      let started = try run(["ssh-agent", "-a", socket], folder: folder)
      let agent = try #require(started.output.firstMatch(of: /SSH_AGENT_PID=([0-9]+)/).flatMap { Int32($0.output.1) })
      defer { kill(agent, SIGTERM) }
      #expect(try run(["ssh-add", "-q", key], folder: folder, environment: ["SSH_AUTH_SOCK": socket]).code == 0)
      try FileManager.default.removeItem(atPath: key)
      let signer = SSHSigner(environment: Self.environment.merging(["SSH_AUTH_SOCK": socket]) { $1 })
      #expect(try await bench.prove(signer.sign(Sample.statement, key: key + ".pub")).person == "ann")

      let locked = try bench.key("locked", passphrase: "open sesame")
      try bench.allow("ann \(try bench.publicKey(locked))")
      let asker = folder.appending(path: "ask")
      try Data("#!/bin/sh\necho \"$SAY\"\n".utf8).write(to: asker)
      #expect(chmod(asker.path, 0o755) == 0)
      func sign(saying word: String) async throws -> String {
        let more = ["SSH_ASKPASS": asker.path, "SSH_ASKPASS_REQUIRE": "force", "SAY": word]
        return try await SSHSigner(environment: Self.environment.merging(more) { $1 }).sign(
          Sample.statement, key: locked)
      }
      #expect(try await bench.prove(sign(saying: "open sesame")).person == "ann")
      let error = await refusal { try await sign(saying: "wrong") }
      #expect(error?.code == .notSigned)
      #expect(error?.message.contains("incorrect passphrase") == true, "\(error?.message ?? "")")
    }
  }

  @Test("E8, F3: a signature over anything else, or by a key that is not allowed now, is refused with its own reason")
  func refusals() async throws {
    try await withFolder { folder in
      let bench = Bench(folder: folder)
      let (key, strange) = (try bench.key("key"), try bench.key("strange"))
      let mine = try bench.publicKey(key)
      try bench.allow("ann \(mine)")
      let good = try bench.plainSignature(key)
      func check(
        _ code: IdentityError.Code, _ says: String, _ signature: String = good, by person: Person = "ann",
        _ statement: DecisionStatement = Sample.statement, sourceLocation: SourceLocation = #_sourceLocation
      ) async {
        let error = await refusal(says, sourceLocation: sourceLocation) {
          try await bench.prove(signature, by: person, statement)
        }
        #expect(
          error?.code == code && error?.message.contains(says) == true, "\(error?.message ?? "")",
          sourceLocation: sourceLocation)
        #expect(error?.message.contains("U1NIU0lH") == false, sourceLocation: sourceLocation)
      }
      await check(.badSignature, "another word, run or plan", good, Sample.other)
      await check(.wrongNamespace, "made for 'git'", try bench.plainSignature(key, namespace: "git"))
      await check(.unknownSigner, "is not in signers for 'ann'", try bench.plainSignature(strange))
      await check(.unknownSigner, "speaks for 'ann' in signers, not for 'bob'", by: "bob")
      await check(.wrongPerson, "is no name", by: "ann\nbob")
      await check(.wrongPerson, "is no name", by: "")
      await check(.unknownSigner, "not for '-f", by: "-f /etc/passwd $(id)")
      await check(.tooLarge, "more than the 16384", good + String(repeating: "\n", count: 16_384))
      await check(.malformed, "no SSH signature", "hello")
      await check(.malformed, "no SSH signature", "")
      await check(.malformed, "not base64", good.replacing("U1NI", with: "U1N!"))
      await check(.malformed, "does not begin with SSHSIG", good.replacing("U1NIU0lH", with: "U1NIU0lI"))

      try bench.allow("ann valid-before=\"20261101Z\" \(mine)")
      await check(.signerNotValid, "no longer valid ('valid-before'")
      try bench.allow("ann valid-after=\"20270101Z\" \(mine)")
      await check(.signerNotValid, "not valid yet")
      try bench.allow("ann namespaces=\"git\" \(mine)")
      await check(.signerNotValid, "other uses only")
      try bench.allow("bob \(try bench.publicKey(strange))")
      await check(.unknownSigner, "is not in signers for 'ann'")
      try bench.allow("")
      await check(.unknownSigner, "add the line: ann namespaces=\"slipway-decision\"")
      try FileManager.default.removeItem(at: folder.appending(path: "signers"))
      await check(.misconfigured, "signers is not there or cannot be read")
    }
  }

  @Test("E8: validity of a key is judged at the moment of the decision")
  func validity() async throws {
    try await withFolder { folder in
      let bench = Bench(folder: folder)
      let key = try bench.key("key")
      try bench.allow("ann valid-after=\"20261101Z\",valid-before=\"20261201Z\" \(try bench.publicKey(key))")
      let signature = try bench.plainSignature(key)
      let november = try #require(Timestamp(rfc3339: "2026-11-15T00:00:00Z"))
      #expect(try await bench.prove(signature, at: november).provenAt == november)
      for text in ["2026-10-31T23:59:59Z", "2026-12-01T00:00:01Z"] {
        let time = try #require(Timestamp(rfc3339: text))
        await expectRefusal(.signerNotValid) { try await bench.prove(signature, at: time) }
      }
    }
  }

  @Test("a missing ssh-keygen and a missing key are named")
  func missing() async throws {
    try await withFolder { folder in
      let bench = Bench(folder: folder)
      let key = try bench.key("key")
      try bench.allow("ann \(try bench.publicKey(key))")
      let signature = try bench.plainSignature(key)
      let spec = IdentitySpec(ssh: SSHSpec(allowedSigners: "signers"))
      try await withClient { client in
        let prover = IdentityProver(spec: spec, folder: folder.path, environment: ["PATH": folder.path], client: client)
        let error = await refusal {
          try await prover.prove(.ssh(signature: signature), by: "ann", statement: Sample.statement, at: Sample.now)
        }
        #expect(error?.code == .misconfigured && error?.message.contains("openssh-client") == true)
      }
      let none = await refusal {
        try await SSHSigner(environment: Self.environment).sign(Sample.statement, key: "/no/key")
      }
      #expect(none?.code == .notSigned && none?.message.contains("/no/key is not there") == true)
    }
  }

  @Test("E8, F7: no random change of a good signature is ever believed, but for white space")
  func mutations() async throws {
    try await withFolder { folder in
      let bench = Bench(folder: folder)
      let (key, strange) = (try bench.key("key"), try bench.key("strange"))
      try bench.allow("ann \(try bench.publicKey(key))")
      let good = try bench.plainSignature(key)
      let other = try bench.plainSignature(strange)
      var random = SeededRandom(seed: 7)
      func plain(_ text: String) -> String { text.filter { !$0.isWhitespace } }
      var asked = 0
      // Most changes spoil the armor and are seen at once; those that ssh-keygen must look at cost a process each.
      for _ in 0..<3_000 where asked < 150 {
        let changed = random.mutated(good, with: other)
        do {
          let identity = try await bench.prove(changed)
          #expect(plain(changed) == plain(good), "\(changed)")
          #expect(identity.proof == good)
        } catch let error as IdentityError {
          if ![.malformed, .tooLarge, .wrongNamespace].contains(error.code) { asked += 1 }
        }
      }
      #expect(asked > 50)
    }
  }
}
