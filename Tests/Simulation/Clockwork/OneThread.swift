import Foundation
import Glibc

private typealias Enqueue = @convention(thin) (UnownedJob) -> Void
private typealias EnqueueHook = @convention(thin) (UnownedJob, Enqueue) -> Void
private typealias DelayHook = @convention(thin) (UInt64, UnownedJob, Enqueue) -> Void

@_silgen_name("swift_job_run")
private func runJob(_ job: UnownedJob, _ executor: UnownedSerialExecutor)

/// All of Swift's tasks on the one thread that calls ``run(at:)``, in the order that it picks.
///
/// The runtime hands every job that is ready to a hook, which keeps it here. The shared pool promises no order, so every order is one that the product has
/// to stand.
enum OneThread {
  // Only the main thread gets past `accept`; any other ends the process, for then the run could not be repeated.
  nonisolated(unsafe) private static var waiting: [UnownedJob] = []
  nonisolated(unsafe) private static var owner = pthread_self()

  static var isEmpty: Bool { waiting.isEmpty }
  static var count: Int { waiting.count }

  /// Takes over the runtime's shared pool for the whole process.
  static func install() {
    owner = pthread_self()
    hook("swift_task_enqueueGlobal_hook", EnqueueHook.self).pointee = { job, _ in OneThread.accept(job) }
    hook("swift_task_enqueueGlobalWithDelay_hook", DelayHook.self).pointee = { _, _, _ in
      OneThread.give("somebody sleeps on the real clock")
    }
  }

  private static func hook<Hook>(_ name: String, _: Hook.Type) -> UnsafeMutablePointer<Hook?> {
    guard let address = dlsym(dlopen(nil, RTLD_LAZY), name) else { give("the runtime has no \(name)") }
    return address.assumingMemoryBound(to: Hook?.self)
  }

  private static func accept(_ job: UnownedJob) {
    guard pthread_equal(owner, pthread_self()) != 0 else { give("a job was made ready by another thread") }
    waiting.append(job)
  }

  /// Runs one job until it ends or waits.
  static func run(at index: Int) {
    let job = waiting.remove(at: index)
    // The executor of the shared pool itself: no identity, no serial queue.
    runJob(job, unsafeBitCast((0, 0), to: UnownedSerialExecutor.self))
  }

  /// Lets go of every job, as the death of a process does; the tasks are never heard of again.
  static func forget() { waiting = [] }

  /// The answer of something that is asynchronous in name only.
  static func now<Value>(_ body: @escaping () async throws -> Value) -> Result<Value, any Error> {
    let box = Box<Value>()
    // Sendable by there being one thread.
    nonisolated(unsafe) let body = body
    Task { do { box.result = .success(try await body()) } catch { box.result = .failure(error) } }
    run(at: waiting.count - 1)
    guard let result = box.result else { give("what should answer at once waits") }
    return result
  }

  private final class Box<Value>: @unchecked Sendable {  // there is one thread
    var result: Result<Value, any Error>?
  }

  private static func give(_ message: String) -> Never {
    let text = "slipway-simulation: \(message); the simulation is not deterministic any more\n"
    FileHandle.standardError.write(Data(text.utf8))
    exit(70)
  }
}
