//! The clients that are connected, found by their number.

use super::store::{Client, ClientId};
use alloc::{boxed::Box, vec::Vec};
use core::cell::Cell;
use core::hash::{Hash, Hasher};

/// Clients in the order of their numbers. A command asks for the one that called it a dozen times, so the last one found is looked at
/// first.
#[derive(Clone, Debug, Default)]
pub(super) struct Clients {
    list: Vec<(ClientId, Box<Client>)>,
    /// Where the last one stood that was asked for: a guess, no part of the state.
    last: Cell<usize>,
}

impl PartialEq for Clients {
    fn eq(&self, other: &Self) -> bool {
        self.list == other.list
    }
}

impl Eq for Clients {}

impl Hash for Clients {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_usize(self.list.len());
        self.list.iter().for_each(|entry| entry.hash(state));
    }
}

impl Clients {
    /// Where a client stands, or would stand.
    fn place(&self, id: ClientId) -> Result<usize, usize> {
        let guess = self.last.get();
        if self.list.get(guess).is_some_and(|(other, _)| *other == id) {
            return Ok(guess);
        }
        let place = self.list.binary_search_by_key(&id, |(other, _)| *other)?;
        self.last.set(place);
        Ok(place)
    }

    pub fn get(&self, id: ClientId) -> Option<&Client> {
        self.place(id).ok().map(|place| &*self.list[place].1)
    }

    pub fn get_mut(&mut self, id: ClientId) -> Option<&mut Client> {
        self.place(id).ok().map(|place| &mut *self.list[place].1)
    }

    /// Adds a client; whether its number was free.
    pub fn insert(&mut self, id: ClientId, client: Client) -> bool {
        match self.place(id) {
            Ok(_) => false,
            Err(place) => {
                self.list.insert(place, (id, Box::new(client)));
                true
            }
        }
    }

    pub fn remove(&mut self, id: ClientId) {
        if let Ok(place) = self.place(id) {
            self.list.remove(place);
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = (ClientId, &Client)> {
        self.list.iter().map(|(id, client)| (*id, &**client))
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Client> {
        self.list.iter_mut().map(|(_, client)| &mut **client)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guess_is_never_taken_for_another() {
        let mut clients = Clients::default();
        for id in [5, 1, 9, 3] {
            assert!(clients.insert(ClientId(id), Client { db: id as u8, ..Client::default() }));
        }
        assert!(!clients.insert(ClientId(3), Client::default()));
        let dbs = |clients: &Clients| clients.iter().map(|(_, client)| client.db).collect::<Vec<_>>();
        assert_eq!(dbs(&clients), [1, 3, 5, 9]);
        assert_eq!(clients.get(ClientId(3)).map(|client| client.db), Some(3));
        clients.remove(ClientId(1));
        assert_eq!(clients.get(ClientId(3)).map(|client| client.db), Some(3));
        assert_eq!(clients.get_mut(ClientId(9)).map(|client| client.db), Some(9));
        clients.remove(ClientId(9));
        assert!(clients.get(ClientId(9)).is_none() && clients.get(ClientId(1)).is_none());
        assert_eq!(dbs(&clients), [3, 5]);
    }
}
