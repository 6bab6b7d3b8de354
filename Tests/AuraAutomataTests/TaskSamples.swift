/// A task list of each layout that is read.
enum TaskSamples {
    static let specKit = """
        # Tasks: Parser

        ## Phase 3: User Story 1
        - [X] T011 [US1] Set up src/parser
        - [ ] T012 [P] [US1] Write the lexer in src/lexer.c
        - [ ] T013 [P] [US2] Write the parser (depends on T011, T012)
        """
    static let openSpec = """
        ## 1. Backend
        - [x] 1.1 Create the table
        - [ ] 1.2 Create the endpoint

        ## 2. Frontend
        - [ ] 2.1 Call the endpoint
        """
    static let kiro = """
        # Implementation Plan

        - [ ] 1. Set up the project
          - [x] 1.1 Create the structure
            - Write a readme
            - _Requirements: 1.1_
          - [-] 1.2 Define the interfaces
            - _Requirements: 1.2, 3.1_
          - [ ]* 1.3 Write unit tests
        - [ ] 2. Implement it
          - Use what is there
        """
    static let taskmaster = """
        {
          "master": {
            "tasks": [
              {"id": 1, "title": "Set up", "status": "done", "dependencies": []},
              {"id": 2, "title": "Later", "description": "A \\"quoted\\" word",
               "status": "pending", "dependencies": [1], "priority": "low",
               "testStrategy": "run it", "subtasks": [{"id": 1, "title": "half", "status": "pending"}]},
              {"id": 3, "title": "First", "status": "in-progress", "priority": "high"},
              {"id": 4, "title": "Not now", "status": "deferred"}
            ],
            "metadata": {"updated": "2026-01-01"}
          }
        }
        """
    static let ralph = """
        {"project": "p", "branchName": "b", "userStories": [
          {"id": "US-001", "title": "Add it", "description": "As a user", "priority": 2,
           "acceptanceCriteria": ["It is there", "Typecheck passes"], "passes": false, "notes": ""},
          {"id": "US-002", "title": "Then that", "priority": 1, "passes": true}
        ]}
        """
    static let beads = """
        {"id":"bd-a1","title":"First","status":"open","priority":1,"acceptance_criteria":"works"}
        {"id":"bd-xk","title":"Then","status":"open","priority":0,"dependencies":\
        [{"issue_id":"bd-xk","depends_on_id":"bd-a1","type":"blocks"},\
        {"issue_id":"bd-xk","depends_on_id":"bd-q9","type":"related"}]}
        {"id":"bd-q9","title":"Old","status":"closed","priority":2}

        """
    /// Our own, with each of its fields; the second task's budget cannot be read.
    static let own = """
        - [ ] T1: a
          - after: T0, T9
          - files: src/** docs
          - tests: t/**
          - accept: US1-AC1 it works
          - budget: usd=1.50 calls=40 wall=10m
          - tag: fix
        - [ ] T2 b
          budget: usd=lots
        """
    static let all = [own, specKit, openSpec, kiro, taskmaster, ralph, beads]
}
