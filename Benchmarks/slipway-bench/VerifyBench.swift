internal import ArgumentParser
internal import Crypto
internal import Foundation
internal import SlipwayJournal

/// `slipway-bench verify FOLDER`: the audit chain verified, beside what SHA-256 alone takes for the same bytes.
struct VerifyBench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Entries of the audit chain verified a second, and SHA-256 alone on the same bytes.")

  @Argument(help: "A folder on the disk to measure.")
  var folder: String

  @Option(help: "Rounds; the median counts.")
  var rounds = 5

  func run() async throws {
    try await withFolder(in: URL(fileURLWithPath: folder)) { folder in
      _ = try await JournalLoop.run(.standard(inFlight: 256), in: folder)
      let contents = try await Self.contents(of: folder)
      var ours: [Double] = []
      var bare: [Double] = []
      for _ in 0..<rounds {
        // Processor time, because both are the work of one core and other programs take theirs from the clock.
        var start = processorTime()
        let verification = try JournalVerifier(folder: folder).verify()
        ours.append(Double(verification.entries) / (processorTime() - start).seconds)
        guard verification.isIntact else { throw BenchError(what: "\(verification.findings)") }
        start = processorTime()
        let tip = Self.hash(contents)
        bare.append(Double(contents.count) / (processorTime() - start).seconds)
        guard Data(tip) == verification.tip.hash else { throw BenchError(what: "SHA-256 alone reaches another hash") }
      }
      let bytes = contents.reduce(0) { $0 + $1.count } / contents.count + 40
      print(
        String(
          format:
            "%d entries of %d bytes, a second of one core: %.0f entries/s verified, %.0f entries/s by SHA-256 alone: "
            + "%.0f %%", contents.count, bytes, median(ours), median(bare), 100 * median(ours) / median(bare)))
    }
  }

  /// The bytes of each entry as the chain hashes them behind the hash and number before it.
  private static func contents(of folder: URL) async throws -> [[UInt8]] {
    let reader = try JournalReader.open(folder: folder)
    defer { reader.close() }
    var contents: [[UInt8]] = []
    var last: Int64 = 0
    while true {
      let entries = try await reader.entries(after: last, limit: 10_000)
      guard let end = entries.last else { return contents }
      last = end.seq
      contents += entries.map { Chain.content(of: $0.entry) }
    }
  }

  private static func hash(_ contents: [[UInt8]]) -> [UInt8] {
    var tip = [UInt8](Chain.genesis)
    var place = [UInt8](repeating: 0, count: 40)
    for (index, content) in contents.enumerated() {
      place.withUnsafeMutableBytes { place in
        place.copyBytes(from: tip)
        place.storeBytes(of: UInt64(index + 1).bigEndian, toByteOffset: 32, as: UInt64.self)
      }
      var hash = SHA256()
      place.withUnsafeBytes { hash.update(bufferPointer: $0) }
      content.withUnsafeBytes { hash.update(bufferPointer: $0) }
      hash.finalize().withUnsafeBytes { digest in tip.withUnsafeMutableBytes { $0.copyMemory(from: digest) } }
    }
    return tip
  }
}
