internal import CLibFuzzer
internal import Foundation

/// `slipway-fuzz TARGET [libFuzzer's options and folders]`, `slipway-fuzz seeds TARGET FOLDER`, `slipway-fuzz list`.
@main
enum Main {
  static func main() throws {
    let arguments = CommandLine.arguments
    switch arguments.dropFirst().first {
    case "list":
      for target in Target.allCases { print(target.rawValue) }
    case "seeds":
      guard arguments.count == 4, let target = Target(rawValue: arguments[2]) else { usage() }
      let folder = URL(filePath: arguments[3])
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      for (number, seed) in try target.type.seeds().enumerated() {
        try seed.write(to: folder.appending(path: "seed-\(number)"))
      }
    case let name?:
      guard let target = Target(rawValue: name) else { usage() }
      Running.target = try target.type.init()
      exit(run([arguments[0]] + arguments.dropFirst(2)))
    case nil: usage()
    }
  }

  private static func usage() -> Never {
    print("usage: slipway-fuzz TARGET [options of libFuzzer] [folders] | seeds TARGET FOLDER | list")
    exit(2)
  }

  private static func run(_ arguments: [String]) -> CInt {
    // libFuzzer keeps the pointers until the process ends.
    var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    var count = CInt(arguments.count)
    return pointers.withUnsafeMutableBufferPointer { buffer in
      var base = buffer.baseAddress
      return LLVMFuzzerRunDriver(&count, &base) { takeOne($0, $1) }
    }
  }
}

/// libFuzzer calls a plain function, which can capture nothing.
enum Running {
  // Set once before libFuzzer starts, which calls on this one thread only.
  nonisolated(unsafe) static var target: (any FuzzTarget)?
}

/// The name by which libFuzzer's own main, which is linked in and never runs, asks for it.
@_cdecl("LLVMFuzzerTestOneInput")
func takeOne(_ start: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  Running.target?.take(Data(UnsafeRawBufferPointer(start: start, count: size)))
  return 0
}
