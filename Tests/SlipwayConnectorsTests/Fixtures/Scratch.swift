internal import Foundation

/// The path of a folder of its own for one test, removed afterwards.
func withFolder<Value>(_ body: (String) async throws -> Value) async throws -> Value {
  try await withScratchFolder { try await body($0.path) }
}

/// Writes `text` to `name` in `folder` and gives the path back.
func write(_ text: String, to name: String, in folder: String) throws -> String {
  try write(Data(text.utf8), to: name, in: folder)
}

func write(_ data: Data, to name: String, in folder: String) throws -> String {
  let path = folder + "/" + name
  try data.write(to: URL(fileURLWithPath: path))
  return path
}

/// Whether a process with this id runs; one that waits to be reaped does not.
func isRunning(_ id: pid_t) -> Bool {
  guard let text = try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8) else { return false }
  let state = text[(text.lastIndex(of: ")") ?? text.startIndex)...].dropFirst().first { $0 != " " }
  return state != "Z" && state != "X"
}

/// The number in a file, once it is written whole with a line end.
func number(in path: String) -> pid_t? {
  guard let text = try? String(contentsOfFile: path, encoding: .utf8), text.hasSuffix("\n") else { return nil }
  return pid_t(text.dropLast())
}
