// Appends to the journal of the state folder named first, for ever or `second` times, and prints each acknowledged sequence
// number as a line only when it is acknowledged. Tests kill it, fill its disk and fail its flushes.
internal import Foundation
internal import Glibc
internal import SlipwayJournal
internal import SlipwayModel

func say(_ line: String) {
  let bytes = Array((line + "\n").utf8)
  _ = write(1, bytes, bytes.count)
}

let parent = getppid()

let arguments = CommandLine.arguments
guard arguments.count >= 2 else {
  say("usage: journal-crash-probe STATE-FOLDER [APPENDS] [TASKS]")
  exit(64)
}
let count = arguments.count > 2 ? Int(arguments[2]) ?? .max : .max
let tasks = arguments.count > 3 ? Int(arguments[3]) ?? 1 : 1

do {
  let now = Timestamp(milliseconds: 1_780_000_000_000)
  let journal = try Journal.open(folder: URL(fileURLWithPath: arguments[1]), as: .thisProcess(at: now))
  say("open")
  try await withThrowingTaskGroup(of: Void.self) { group in
    for task in 0..<tasks {
      group.addTask {
        for number in 0..<count {
          let entry = Entry(
            stream: "run-\(task)", kind: "step", at: now, actor: "probe", body: Data("{\"n\":\(number)}".utf8),
            id: "\(task).\(number)")
          let seqs = try await journal.append(Append([entry]))
          // Nothing is left running when the test has died.
          guard getppid() == parent else { exit(2) }
          say("acked \(seqs[0]) \(task).\(number)")
        }
      }
    }
    try await group.waitForAll()
  }
  await journal.close()
  say("closed")
} catch let error as JournalError {
  say("error \(error.code.rawValue) \(error)")
  exit(1)
}
