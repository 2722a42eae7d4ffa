/// A table with a caption and named columns; the first column names the row. On a narrow screen each row stands as a block of its own.
package struct Table: Sendable {
  private let caption: String
  private let columns: [String]
  private var rows: [[Markup]] = []

  package init(_ caption: String, columns: [String]) {
    self.caption = caption
    self.columns = columns
  }

  /// Adds a row; missing cells at its end are empty.
  package mutating func add(_ cells: [Markup]) { rows.append(cells) }

  package var isEmpty: Bool { rows.isEmpty }

  /// The table. Roles are spelled out, because a browser drops them from a table that a style sheet lays out in another way.
  package var markup: Markup {
    .element("table", [.init("role", "table")]) {
      Markup.element("caption") { caption }
      Markup.element("thead", [.init("role", "rowgroup")]) {
        Markup.element("tr", [.init("role", "row")]) {
          for column in columns {
            Markup.element("th", [.init("scope", "col"), .init("role", "columnheader")]) { column }
          }
        }
      }
      Markup.element("tbody", [.init("role", "rowgroup")]) {
        for row in rows { line(row) }
      }
    }
  }

  private func line(_ row: [Markup]) -> Markup {
    .element("tr", [.init("role", "row")]) {
      for (column, cell) in zip(columns, row).enumerated().map({ ($0.offset, $0.element) }) {
        if column == 0 {
          Markup.element("th", [.init("scope", "row"), .init("role", "rowheader")]) { cell.1 }
        } else {
          Markup.element("td", [.init("role", "cell"), .init("data-label", cell.0)]) { cell.1 }
        }
      }
    }
  }
}
