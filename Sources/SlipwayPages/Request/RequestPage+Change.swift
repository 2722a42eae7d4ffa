internal import SlipwayModel

/// What would be different.
extension RequestPage {
  var change: Markup {
    section("change", "What changes") {
      versions.markup
      configuration
    }
  }

  private var versions: Table {
    let change = request.change
    let (now, next) = (change.now, change.next)
    var table = Table(
      now == nil ? "The first deployment to \(request.to)" : "What serves \(request.to) now, and what would",
      columns: ["Part", "Now", "After"])
    let differing = Set(change.artifact.map(\.path))
    func row(_ name: String, _ path: String, _ value: (RequestChange.Version) -> Markup?) {
      let old = now.map { value($0) ?? .text("not stated") } ?? .text("nothing")
      var new = value(next) ?? .text("not stated")
      if now != nil, !differing.contains(path) { new = .all([new, .text(" (the same)")]) }
      table.add([.text(name), old, new])
    }
    row("Release", "id") { .text($0.release.text) }
    row("Artifact", "artifact") { code($0.artifact) }
    row("Digest", "digest") { $0.digest.map { code($0.description) } }
    row("Commit", "commit") { $0.commit.map(code) }
    row("CI run", "ciRun") { $0.ciRun.map { .text($0) } }
    table.add([.text("Slot"), now.map { .text($0.slot.rawValue) } ?? .text("none"), .text(next.slot.rawValue)])
    if let since = now?.since { table.add([.text("Serves since"), time(since), .text("not yet")]) }
    return table
  }

  @MarkupBuilder private var configuration: Markup {
    let change = request.change
    Markup.element("h3") { "Configuration" }
    if let run = change.comparedWith {
      if change.configuration.isEmpty {
        Markup.element("p") {
          "Nothing differs from the last successful run into \(request.to), "
          code(run.text)
          "."
        }
      } else {
        differences(change.configuration, run).markup
        if change.leftOut > 0 { small("\(change.leftOut) further differences are left out.") }
      }
    } else {
      Markup.element("p") { "There is no earlier successful run into \(request.to) to compare with." }
    }
  }

  private func differences(_ all: [RequestChange.Difference], _ run: RunID) -> Table {
    var table = Table(
      "Against run \(run), the last successful one; durations in seconds", columns: ["Setting", "Was", "Becomes"])
    for difference in all {
      table.add([
        code(difference.path),
        difference.old.map { old in .element("del") { code(old) } } ?? .text("was not there"),
        difference.new.map { new in .element("ins") { code(new) } } ?? .text("is removed"),
      ])
    }
    return table
  }
}
