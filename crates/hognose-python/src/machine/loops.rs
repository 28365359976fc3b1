//! Loops: a few rounds of each are run, more where they make something.

use super::statement::Flow;
use super::{Frame, Machine};
use crate::tree::{Block, Expr, ExprId, Stmt};
use crate::value::Cell;

/// Rounds of a `while` whose conditions are all known.
const MAX_ROUNDS: u32 = 20_000;

impl Machine<'_> {
    pub(super) fn for_loop(
        &mut self,
        frame: &mut Frame<'_>,
        target: ExprId,
        iterable: &Cell,
        body: Block,
    ) -> Flow {
        let Some(items) = self.items(iterable) else {
            let item = self.unknown_item(iterable);
            self.assign(frame, target, item);
            return self.perhaps(frame, body);
        };
        self.concrete_loops += 1;
        let mut last = Flow::Next;
        let mut progress = self.folded + self.decided;
        for (round, item) in items.into_iter().enumerate() {
            // The first rounds are always run: most loops of honest code are that short. Further ones only where they
            // make something: a loop over a table that calls unknown things tells nothing new.
            if round > 2 {
                let now = self.folded + self.decided;
                if now == progress || !self.spend_loop() {
                    break;
                }
                progress = now;
            }
            self.assign(frame, target, item);
            last = self.block(frame, body);
            if matches!(last, Flow::Break | Flow::Return) {
                break;
            }
        }
        self.concrete_loops -= 1;
        if last == Flow::Return {
            last
        } else {
            Flow::Next
        }
    }

    /// A body that runs once, or not, or many times.
    fn perhaps(&mut self, frame: &mut Frame<'_>, body: Block) -> Flow {
        frame.conditional += 1;
        let flow = self.block(frame, body);
        frame.conditional -= 1;
        if flow == Flow::Return {
            flow
        } else {
            Flow::Next
        }
    }

    /// Takes from the fuel of loops what one round may cost.
    pub(super) fn spend_loop(&mut self) -> bool {
        // A loop cut short has still been walked three times; only the value it would have made is not known.
        if self.loop_fuel < 8 {
            return false;
        }
        // Rounds run for real are paid from their own tank.
        let round = self.loop_fuel.min(200);
        self.loop_fuel -= round;
        self.fuel += round;
        true
    }

    pub(super) fn while_loop(&mut self, frame: &mut Frame<'_>, test: ExprId, body: Block) -> Flow {
        for round in 0..MAX_ROUNDS {
            let decided = self.decided;
            let truth = self.eval(frame, test).value.truth();
            match truth {
                Some(false) if round == 0 => {
                    self.postpone(frame, body, false);
                    return Flow::Next;
                }
                Some(false) => return Flow::Next,
                Some(true) => {
                    let is_constant = matches!(frame.tree.expr(test), Expr::Bool(_) | Expr::Int(_));
                    let endless = u32::from(is_constant && Self::only_calls(frame, body));
                    self.concrete_loops += u32::from(round > 0);
                    self.endless += endless;
                    let flow = self.block(frame, body);
                    self.endless -= endless;
                    self.concrete_loops -= u32::from(round > 0);
                    match flow {
                        Flow::Return => return flow,
                        Flow::Break => return Flow::Next,
                        _ => {}
                    }
                    // `while True` goes on only as long as conditions inside are decided: a state machine.
                    if (is_constant && self.decided == decided) || !self.spend_loop() {
                        return Flow::Next;
                    }
                }
                None => return self.perhaps(frame, body),
            }
        }
        Flow::Next
    }

    /// A body of nothing but calls: no way out.
    fn only_calls(frame: &Frame<'_>, body: Block) -> bool {
        let tree = frame.tree;
        tree.block(body)
            .iter()
            .all(|s| matches!(tree.stmt(*s), Stmt::Expr(_) | Stmt::Nothing))
    }
}
