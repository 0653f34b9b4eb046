//! A file of definitions is taken over.

use warren_sim::{bytes::Bytes, input::Input};

use super::App;
use crate::shell::definitions::ImportView;

impl App {
    /// Tries a file, takes it over if that went well, and keeps what is to be told of it.
    ///
    /// A function of its own: the page is cut here.
    #[inline(never)]
    pub(super) fn import(&mut self, file: String) {
        let text = self.language.text();
        let tried = self.session.borrow().world().try_definitions(&file);
        self.imported = Some(match tried {
            Ok(report) => {
                self.submit(Input::Definitions { text: Bytes::from(file) });
                ImportView::taken(&report, text)
            }
            Err(problem) => ImportView::refused(problem.to_string()),
        });
    }
}
