/// What the cages of a run are like, derived from what its definition grants: what is not granted is
/// not there.
package enum CageProfile: String, Sendable, CaseIterable {
    /// The worker reads the tree; nothing else is ever run.
    case chat
    /// The same; what comes of it is handed in as data.
    case spec
    /// The worker changes files; nothing else is run but what the operator declared.
    case task
    /// Commands of the model run besides, each in a cage of its own without the broker.
    case dev

    /// The profile of a run of `definition`; `role`: what a child run is for.
    package init(of definition: Definition, role: TaskBrief.Role?) {
        if definition.kind == .specGen || role == .review {
            self = .spec
        } else if definition.capabilities.commands {
            self = .dev
        } else if definition.kind == .chat, definition.capabilities.edits != true {
            self = .chat
        } else {
            self = .task
        }
    }
}

extension Definition {
    /// Whether the worker of a run may write in its tree: only where its model has tools for that.
    package func letsWorkerWrite(role: TaskBrief.Role?) -> Bool {
        switch CageProfile(of: self, role: role) {
        case .chat, .spec: false
        case .task: true
        case .dev: kind != .chat || capabilities.edits == true
        }
    }
}
