import Glibc

/// `list_files`: the names below a directory.
struct ListTool {
    /// 1000 lines: a tree that has more is to be listed in parts.
    static let itemsMax = 1000

    /// 3 levels unless the model asks for more or fewer.
    static let depthDefault = 3

    let path: String
    let depth: Int

    func run(in workspace: Workspace) throws(ToolRefusal) -> String {
        let place = try workspace.place(path)
        var lines: [String] = []
        var isCut = false
        let rest = try TreeWalk.visit(place, in: workspace, depth: depth) {
            (item) throws(ToolRefusal) in
            guard lines.count < Self.itemsMax else {
                isCut = true
                return false
            }
            switch item.kind {
            case .file: lines.append(item.path)
            case .directory: lines.append(item.path + "/")
            case .link: lines.append(item.path + " (symbolic link)")
            case .other: lines.append(item.path + " (special file)")
            }
            return true
        }
        if lines.isEmpty, rest.ignoredCount == 0 { return "[\(place.shown) is empty]" }
        if isCut {
            lines.append(
                "[more than \(Self.itemsMax) entries; list a directory of them, or less depth]")
        }
        for directory in rest.partial {
            lines.append("[\(directory) has more than \(TreeWalk.namesMax) names]")
        }
        if rest.ignoredCount > 0 {
            lines.append("[\(rest.ignoredCount) entries left out by .gitignore]")
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
