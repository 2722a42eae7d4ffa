internal import SlipwayModel

/// What was proved, and what speaks against it.
extension RequestPage {
  var proof: Markup {
    section("proof", "What was checked") {
      staging
      if request.gates.isEmpty {
        Markup.element("p") { "The pipeline file asks no gate." }
      } else {
        gates.markup
      }
    }
  }

  @MarkupBuilder private var staging: Markup {
    if let staging = request.staging {
      Markup.element("dl", [.init("class", "facts")]) {
        fact("Came from") { staging.environment.text }
        fact("Verified there") {
          if let since = staging.verifiedSince {
            "since "
            time(since)
          } else {
            "never with this artifact"
          }
        }
        fact("Stayed there") {
          if let soaked = staging.soaked {
            "\(soaked.spoken) without a break, and \(staging.servesNow ? "serves there now" : "another release serves there now")"
          } else {
            "not at all"
          }
        }
      }
    } else {
      Markup.element("p") { "The release comes from no earlier environment." }
    }
  }

  private var gates: Table {
    var table = Table("Gates and their verdicts", columns: ["Gate", "Verdict", "What was found"])
    for gate in request.gates { table.add([.text(gate.name), verdict(gate.verdict), found(gate)]) }
    return table
  }

  @MarkupBuilder private func found(_ gate: ApprovalRequest.Gate) -> Markup {
    Markup.text(gate.reason)
    for warning in gate.warnings {
      Markup.element("p") {
        mark("warning", .warn)
        " \(warning)"
      }
    }
    if let remedy = gate.remedy { small("To make it pass: \(remedy)") }
    for proof in gate.proof {
      Markup.element("p", [.init("class", "small")]) {
        "Read: \(proof.what), from \(proof.from), "
        time(proof.at)
        if let digest = proof.digest {
          " "
          code("sha256:\(digest.hex.prefix(12))…")
        }
      }
    }
  }

  var findings: Markup {
    section("findings", "Findings and accepted risks") {
      if request.findings.isEmpty {
        Markup.element("p") { "The reports of this artifact name no finding." }
      } else {
        findingTable.markup
      }
    }
  }

  private var findingTable: Table {
    let open = request.findings.count { $0.isOpen }
    var table = Table(
      "\(open) open, \(request.findings.count - open) accepted", columns: ["Finding", "Severity", "State", "Where"])
    for finding in request.findings {
      table.add([.text(finding.id), severity(finding.severity), state(finding), place(finding)])
    }
    return table
  }

  @MarkupBuilder private func state(_ finding: RequestFinding) -> Markup {
    if let acceptance = finding.acceptance {
      mark("accepted", .plain)
      Markup.element("p", [.init("class", "small")]) {
        "by \(acceptance.by)"
        if let until = acceptance.until {
          " until "
          time(until)
        }
        ": \(acceptance.reason)"
      }
    } else {
      mark("open", .warn)
    }
  }

  private func place(_ finding: RequestFinding) -> Markup {
    finding.text.isEmpty ? .text(finding.source) : .all([.text(finding.text), small(finding.source)])
  }

  // MARK: How the environment fares

  var stability: Markup {
    let stability = request.stability
    return section("stability", "How \(request.to) has fared") {
      Markup.element("p") { serving }
      for incident in stability.openIncidents {
        note(
          "Run \(incident.run) with \(incident.release) was rolled back"
            + (incident.reason.map { ": \($0)" } ?? "") + (incident.incident.map { " (\($0))" } ?? ""))
      }
      if !stability.runs.isEmpty { runs.markup }
    }
  }

  private var serving: String {
    let stability = request.stability
    guard let release = stability.serving, let span = stability.servesFor else {
      return "Nothing has served here yet."
    }
    let count = stability.runs.count
    let runs =
      count == 0
      ? "No earlier run is on record."
      : "Of the last \(count == 1 ? "run" : "\(count) runs") \(stability.succeeded) succeeded and \(stability.rolledBack) went back."
    return "\(release) has served for \(span.spoken). \(runs)"
  }

  private var runs: Table {
    var table = Table("Newest runs into \(request.to)", columns: ["Run", "Release", "Outcome", "Ended", "Why"])
    for run in request.stability.runs {
      let release = run.operation == "rollback" ? "back to \(run.release)" : run.release.text
      table.add([code(run.run.text), .text(release), verdict(run.status), time(run.at), .text(run.reason ?? "")])
    }
    return table
  }
}
