import Foundation
import SlipwayEngine
import SlipwayModel
import Testing

/// What lies in the inbox came from another process, or from nobody knows whom.
@Suite("Inbox under fire")
struct InboxFuzzTests {
  /// SplitMix64: the same on every run.
  private struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var mixed = state
      mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
      mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
      return mixed ^ (mixed >> 31)
    }
  }

  private static let submissions: [Submission] = {
    let texts = ["", "r", "e\u{301}\u{0}\u{1B}", "\"\\/\u{2028}"]
    let decisions: [Submission.Decision] = texts.flatMap { text in
      [
        .approve(plan: Digest(of: Data()), comment: text), .approve(plan: nil, comment: nil), .hold(reason: text),
        .resume,
        .reject(reason: text), .pause(reason: text), .abort(reason: text), .confirm(step: text, note: text),
      ]
    }
    let contents: [Submission.Content] =
      decisions.map { .decide("run", $0) } + [
        .ledger(.freezeRemoved(name: "f")), .promote("1.0", to: "e"), .rollback("e", to: nil, incident: "i"),
      ]
    return contents.enumerated().map {
      let credentials: [Credential] = [.claimed, .oidc(token: "t"), .ssh(signature: "s")]
      return Submission(
        id: "id-\($0.offset)", by: "ann", credential: credentials[$0.offset % credentials.count], content: $0.element)
    }
  }()

  private func withInbox(_ body: (Inbox, URL) throws -> Void) throws {
    let url = FileManager.default.temporaryDirectory.appending(path: "slipway-inbox-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url.appending(path: "inbox/replies"), withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: url) }
    try body(Inbox(StateFolder(url)), url.appending(path: "inbox"))
  }

  @Test("F2: whatever is handed in arrives as it was, and its reply too")
  func roundTrip() throws {
    try withInbox { inbox, _ in
      for submission in Self.submissions {
        try inbox.leave(submission)
        #expect(inbox.waiting() == [submission])
        let reply = Reply(accepted: false, run: "r", message: submission.by.text, code: .refused)
        inbox.answer(submission.id, reply)
        #expect(inbox.takeReply(to: submission.id) == reply)
        #expect(inbox.waiting() == [] && inbox.takeReply(to: submission.id) == nil)
      }
    }
  }

  @Test("E8: the user of the operating system is whoever owns the file; any other name in it is only claimed")
  func owner() throws {
    try withInbox { inbox, _ in
      let own = Submission(id: "own", by: Person(NSUserName()), content: .decide("run", .resume))
      let other = Submission(id: "other", by: "somebody-else", content: .decide("run", .resume))
      try inbox.leave(own)
      try inbox.leave(other)
      #expect(inbox.waiting().map(\.credential) == [.claimed, .local])
    }
  }

  @Test("F2, F7: a damaged submission is set aside, or is one that is written and read the same", arguments: 0..<4)
  func damaged(seed: UInt64) throws {
    var random = Seeded(state: seed)
    try withInbox { inbox, folder in
      var setAside = 0
      for _ in 0..<150 {
        let submission = Self.submissions.randomElement(using: &random) ?? Self.submissions[0]
        var bytes = try CanonicalJSON.encode(submission)
        for _ in 0...2 {
          let place = Int.random(in: 0..<bytes.count, using: &random)
          switch Int.random(in: 0..<3, using: &random) {
          case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
          case 1: bytes = bytes.prefix(max(1, place))
          default: bytes.insert(contentsOf: Data("9e99".utf8), at: place)
          }
        }
        let file = folder.appending(path: submission.id + ".json")
        try bytes.write(to: file)
        for read in inbox.waiting() {
          #expect(try CanonicalJSON.decode(Submission.self, from: CanonicalJSON.encode(read)) == read)
          inbox.answer(read.id, Reply(accepted: false, message: "m"))
        }
        let aside = file.appendingPathExtension("unreadable")
        if FileManager.default.fileExists(atPath: aside.path) {
          setAside += 1
          #expect(try Data(contentsOf: aside) == bytes)
          try FileManager.default.removeItem(at: aside)
        }
        #expect(inbox.waiting() == [] && !FileManager.default.fileExists(atPath: file.path))
      }
      #expect(setAside > 0)
    }
  }

  @Test("F7: what is too large, nested without end or no file is set aside at once")
  func hostile() throws {
    try withInbox { inbox, folder in
      for (name, bytes) in [
        ("deep", Data(String(repeating: "[", count: 500_000).utf8)), ("nul", Data(count: 100)), ("empty", Data()),
        ("large", Data(repeating: 32, count: 1 << 20 + 1)), ("mark", Data([0xEF, 0xBB, 0xBF])),
      ] {
        try bytes.write(to: folder.appending(path: name + ".json"))
      }
      #expect(mkfifo(folder.appending(path: "pipe.json").path, 0o600) == 0)
      try FileManager.default.createDirectory(
        at: folder.appending(path: "folder.json"), withIntermediateDirectories: false)
      try FileManager.default.createSymbolicLink(
        atPath: folder.appending(path: "link.json").path, withDestinationPath: "/dev/zero")
      #expect(inbox.waiting() == [])
      let left = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".json") }
      #expect(left == [])
    }
  }
}
