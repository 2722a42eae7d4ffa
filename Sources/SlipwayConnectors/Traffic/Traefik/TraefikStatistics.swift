internal import Foundation
internal import SlipwayModel

/// What Traefik has counted for the service of each slot, from its Prometheus page.
struct TraefikStatistics: Sendable {
  /// When the process began, in seconds since 1970 as it says it.
  let start: Double
  private(set) var slots: [Slot: SlotCounters] = [.a: SlotCounters(), .b: SlotCounters()]

  /// - Throws: `garbage` for a page that is not Traefik's or is cut off.
  init(_ page: String, name: String) throws(ConnectorError) {
    var start: Double?
    for line in page.split(separator: "\n") {
      if line.hasPrefix("process_start_time_seconds ") { start = Double(line.dropFirst(27)) }
      guard line.hasPrefix("traefik_service_requests_total{"), let end = line.lastIndex(of: "}") else { continue }
      let labels = line[line.index(line.startIndex, offsetBy: 31)..<end]
      guard let slot = Slot.allCases.first(where: { labels.contains("service=\"\(TraefikServices.slot($0, name))@") })
      else {
        continue
      }
      guard let value = Double(line[line.index(after: end)...].drop { $0 == " " }), let count = Count.exactly(value),
        let mark = labels.range(of: "code=\""), let code = Int(labels[mark.upperBound...].prefix { $0 != "\"" })
      else { throw ConnectorError(.garbage, "Traefik's metrics hold '\(line.prefix(200))', which is no counter") }
      slots[slot, default: SlotCounters()].add(count, status: code)
    }
    // A page whose last line has no end may have lost the rest of a number.
    guard let start, start.isFinite, page.hasSuffix("\n") else {
      throw ConnectorError(.garbage, "Traefik's metrics are cut off or another program's; is 'metrics.prometheus' on?")
    }
    self.start = start
  }
}

extension SlotCounters {
  fileprivate mutating func add(_ count: UInt64, status: Int) {
    requests &+= count
    switch status {
    case 400..<500: clientErrors &+= count
    case 500..<600: serverErrors &+= count
    // A switch of protocols that broke, or an answer that never began.
    case ..<100: connectionErrors &+= count
    default: break
    }
  }
}
