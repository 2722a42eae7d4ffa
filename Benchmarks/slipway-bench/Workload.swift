internal import Foundation
internal import Glibc
internal import Synchronization

/// What both sides of the comparison do: workflows of eight steps, each with an intent on the disk before its effect and a
/// result after it, so 17 durable points one behind the other; an effect appends one line to a file.
struct Workload: Sendable {
  static let steps = 8
  static let payload = 200

  let workflows: Int
  let inFlight: Int

  /// Enough to run for about a second at the limit.
  static func standard(inFlight: Int) -> Workload {
    Workload(workflows: inFlight == 1 ? 250 : inFlight * 50, inFlight: inFlight)
  }
}

/// The outside world of the benchmark: a file that each effect appends a line to.
struct Effects: Sendable {
  private let descriptor: Int32

  init(in folder: URL) throws {
    let path = folder.appendingPathComponent("effects.log").path
    descriptor = open(path, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw BenchError(what: "cannot open \(path)") }
  }

  func perform(_ workflow: Int, _ step: Int) {
    let line = Array("\(workflow) \(step)\n".utf8)
    precondition(write(descriptor, line, line.count) == line.count, "the effects file cannot be written")
  }

  func close() { Glibc.close(descriptor) }
}

struct BenchError: Error, CustomStringConvertible {
  let what: String
  var description: String { what }
}

/// The outcome of one round.
struct Round: Sendable {
  let steps: Int
  let elapsed: Duration
  let commits: Int
  let workflows: Int
  let processor: Duration

  var stepsPerSecond: Double { Double(steps) / elapsed.seconds }
  var workflowsPerSecond: Double { Double(workflows) / elapsed.seconds }
  var commitsPerWorkflow: Double { Double(commits) / Double(workflows) }
  var processorMicrosecondsPerStep: Double { processor.seconds * 1e6 / Double(steps) }
}

extension Duration {
  var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}

/// User and system time of this process so far.
func processorTime() -> Duration {
  var usage = rusage()
  getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
  let seconds = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec
  return .seconds(seconds) + .microseconds(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec)
}

/// Makes an empty folder for one round and removes it afterwards.
func withFolder<Value>(in parent: URL, _ work: (URL) async throws -> Value) async throws -> Value {
  let folder = parent.appendingPathComponent("slipway-bench-\(getpid())")
  try? FileManager.default.removeItem(at: folder)
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try await work(folder)
}

func median(_ values: [Double]) -> Double {
  let sorted = values.sorted()
  return sorted.isEmpty ? 0 : sorted[sorted.count / 2]
}

/// How long things took, in milliseconds, noted by many tasks.
final class Latencies: Sendable {
  private let values = Mutex<[Double]>([])

  var sorted: [Double] { values.withLock { $0.sorted() } }
  func add(_ took: Duration) { values.withLock { $0.append(took.seconds * 1_000) } }
}

/// The value below which `share` of the sorted values lie.
func quantile(_ share: Double, of sorted: [Double]) -> Double {
  sorted.isEmpty ? 0 : sorted[Int(share * Double(sorted.count - 1) + 0.5)]
}
