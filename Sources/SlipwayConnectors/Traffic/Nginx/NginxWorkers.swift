internal import Foundation
internal import Glibc
internal import SlipwayModel

/// The processes of an nginx on this machine, found by its pid file.
struct NginxWorkers: Sendable {
  let master: pid_t

  /// - Throws: `unreachable` when the file is not there, `misconfigured` when it names no nginx.
  init(pidFile path: String) throws(ConnectorError) {
    guard let text = PlaneFile(path: path, product: "nginx", deadline: .seconds(1)).text() else {
      throw ConnectorError(
        .unreachable, "nginx has no pid file \(path); is it running, and is that the path of its 'pid' line?")
    }
    guard let number = pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)), number > 1 else {
      throw ConnectorError(.misconfigured, "nginx's pid file \(path) holds no process id")
    }
    guard Self.title(number).contains("nginx") else {
      throw ConnectorError(
        .unreachable, "process \(number) of nginx's pid file \(path) is not nginx or has ended; is nginx running?")
    }
    master = number
  }

  /// The workers that take new requests.
  var serving: Set<pid_t> {
    let path = "/proc/\(master)/task/\(master)/children"
    let children = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    return Set(children.split(separator: " ").compactMap { pid_t($0) }.filter { Self.serves($0) })
  }

  /// Whether a worker takes new requests: it has not ended and is not named one that is shutting down.
  static func serves(_ worker: pid_t) -> Bool {
    let title = title(worker)
    return title.contains("worker process") && !title.contains("shutting down")
  }

  /// Asks for a reload.
  func reload() throws(ConnectorError) {
    guard kill(master, SIGHUP) == 0 else {
      throw ConnectorError(
        .misconfigured,
        "nginx (process \(master)) cannot be told to reload (\(String(cString: strerror(errno)))); give slipway the right, or a 'reload' command"
      )
    }
  }

  private static func title(_ process: pid_t) -> String {
    (try? String(contentsOfFile: "/proc/\(process)/cmdline", encoding: .utf8)) ?? ""
  }
}
