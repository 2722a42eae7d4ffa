internal import SlipwayModel

/// The servers of a running HAProxy as `show stat` lists them.
struct HAProxyStatistics {
  /// One server line.
  struct Server {
    /// `backend/server`.
    let name: String
    /// The server whose health this one shares, as `backend/server`.
    let tracked: String
    /// `address:port`.
    let address: String
    let tally: HAProxyTally
  }

  let servers: [Server]

  /// Reads the CSV answer; it must be whole, down to the empty line at its end.
  init(csv text: some StringProtocol) throws(ConnectorError) {
    guard text.hasPrefix("# pxname,"), text.hasSuffix("\n\n") else {
      throw ConnectorError(.garbage, "HAProxy's statistics are cut off or of a form that is not known")
    }
    let lines = text.dropFirst(2).split(separator: "\n")
    let header = Self.fields(lines[0])
    let columns = Dictionary(zip(header, header.indices), uniquingKeysWith: { first, _ in first })
    if let missing = Self.columns.first(where: { columns[$0] == nil }) {
      throw ConnectorError(.garbage, "HAProxy's statistics have no column '\(missing)'; is it HAProxy 2.4 or newer?")
    }
    try self.init(lines.dropFirst(), columns: columns)
  }

  private static let columns = [
    "pxname", "svname", "type", "tracked", "addr", "scur", "stot", "econ", "eresp", "wredis", "hrsp_1xx", "hrsp_2xx",
    "hrsp_3xx", "hrsp_4xx", "hrsp_5xx", "hrsp_other", "cli_abrt", "srv_abrt",
  ]

  private init(_ lines: some Sequence<some StringProtocol>, columns: [String: Int]) throws(ConnectorError) {
    var servers: [Server] = []
    for line in lines {
      let row = Row(columns: columns, fields: Self.fields(line))
      guard row.fields.count > columns.values.max() ?? 0 else {
        throw ConnectorError(.garbage, "a line of HAProxy's statistics is cut off")
      }
      // Frontends and backends have other types.
      if try row.text("type") == "2" { servers.append(try Self.server(row)) }
    }
    self.servers = servers
  }

  /// All lines of the server called `name`: its own and those that track it, which are the same process seen from other backends.
  func lines(of name: String) throws(ConnectorError) -> [Server] {
    guard servers.contains(where: { $0.name == name }) else {
      let known = servers.filter(\.tracked.isEmpty).prefix(20).map(\.name).joined(separator: ", ")
      throw ConnectorError(
        .misconfigured,
        "HAProxy has no server '\(name)'; it has: \(known.isEmpty ? "none" : known). Correct the pipeline file")
    }
    return servers.filter { $0.name == name || $0.tracked == name }
  }

  private struct Row {
    let columns: [String: Int]
    let fields: [String]

    func text(_ column: String) throws(ConnectorError) -> String {
      guard let index = columns[column], index < fields.count else {
        throw ConnectorError(.garbage, "a line of HAProxy's statistics has no '\(column)'")
      }
      return fields[index]
    }

    func count(_ column: String) throws(ConnectorError) -> UInt64 {
      let text = try text(column)
      if let value = UInt64(text) { return value }
      let name = "\(fields.first ?? "")/\(fields.dropFirst().first ?? "")"
      throw ConnectorError(
        .garbage,
        "HAProxy gives '\(text.prefix(40))' for '\(column)' of \(name), not a count; is the backend in mode http?")
    }
  }

  private static func server(_ row: Row) throws(ConnectorError) -> Server {
    var tally = HAProxyTally()
    for column in ["hrsp_1xx", "hrsp_2xx", "hrsp_3xx", "hrsp_4xx", "hrsp_5xx", "hrsp_other"] {
      tally.answered &+= try row.count(column)
    }
    tally.inFlight = try row.count("scur")
    tally.attempts = try row.count("stot")
    tally.serverErrors = try row.count("hrsp_5xx")
    tally.clientErrors = try row.count("hrsp_4xx")
    tally.refused = try row.count("econ") &+ row.count("wredis")
    tally.unanswered = try row.count("eresp")
    tally.brokenOff = try row.count("srv_abrt")
    tally.clientAborts = try row.count("cli_abrt")
    return Server(
      name: try row.text("pxname") + "/" + row.text("svname"), tracked: try row.text("tracked"),
      address: try row.text("addr"), tally: tally)
  }

  /// One line of CSV; a quoted field may hold commas, and a doubled quote is one.
  private static func fields(_ line: some StringProtocol) -> [String] {
    var fields: [String] = []
    var field: [UInt8] = []
    var isQuoted = false
    var lastWasQuote = false
    for byte in line.utf8 {
      switch byte {
      case UInt8(ascii: "\""):
        if lastWasQuote, !isQuoted { field.append(byte) }
        isQuoted.toggle()
        lastWasQuote = true
        continue
      case UInt8(ascii: ",") where !isQuoted:
        fields.append(String(decoding: field, as: UTF8.self))
        field = []
      default: field.append(byte)
      }
      lastWasQuote = false
    }
    return fields + [String(decoding: field, as: UTF8.self)]
  }
}
