package import Foundation
package import SlipwayModel
internal import Synchronization

/// Reads the calendar files that a pipeline file names, anew each time, and follows their rules only when the bytes have changed.
package final class CalendarFiles: Sendable {
  private let root: URL
  /// By name; as many as the pipeline file has.
  private let parsed = Mutex<[String: FreezeCalendar]>([:])

  /// Relative paths start from `root`, the folder of the pipeline file.
  package init(root: URL) { self.root = root }

  /// The calendars as their files are now; a file that is missing, too large or not understood is a calendar with a problem, never an empty one.
  package func read(_ specs: [CalendarSpec]) -> [FreezeCalendar] {
    let calendars = specs.map(read)
    parsed.withLock { $0 = Dictionary(calendars.map { ($0.spec.name, $0) }, uniquingKeysWith: { first, _ in first }) }
    return calendars
  }

  private func read(_ spec: CalendarSpec) -> FreezeCalendar {
    let path = URL(filePath: spec.file, relativeTo: root).path
    do throws(ConnectorError) {
      let data = try BoundedFile.contents(of: path, limit: ICalendarFile.sizeLimit)
      let before = parsed.withLock { $0[spec.name] }
      if let before, before.spec == spec, before.digest == Digest(of: data) { return before }
      return FreezeCalendar(spec, bytes: Array(data))
    } catch {
      return FreezeCalendar(spec, unreadable: error.message)
    }
  }
}
