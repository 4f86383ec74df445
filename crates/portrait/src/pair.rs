//! A network as a segmenter holds it: made once, and once more where two looks are taken at a time.
use std::borrow::Cow;

use crate::error::Result;
use crate::mask::Mask;
use crate::network::Network;
use crate::threads::Threads;

/// A `.tflite` file and the network made of it.
#[derive(Debug)]
pub(crate) struct Pair {
    file: Cow<'static, [u8]>,
    pub(crate) plain: Network,
    /// For mirror images, where there are threads for both.
    second: Option<Network>,
}

impl Pair {
    pub(crate) fn new(file: Cow<'static, [u8]>) -> Result<Self> {
        Ok(Self {
            plain: Network::new(&file)?,
            second: None,
            file,
        })
    }

    /// Drops what one thread can't use.
    pub(crate) fn set_threads(&mut self, threads: &Threads) {
        self.second = self.second.take().filter(|_| threads.count() > 1);
    }

    /// Fills `mask` with the answer to `picture`, of which `earlier` is known, and `mirrored` with that to the mirror image of both.
    pub(crate) fn look(
        &mut self,
        threads: &Threads,
        picture: &[u8],
        earlier: Option<&Mask>,
        mask: &mut Mask,
        mirrored: &mut Mask,
    ) -> Result<()> {
        let network = &mut self.plain;
        if threads.count() == 1 {
            network.run(picture, earlier, mask)?;
            return network.run_mirrored(picture, earlier, mirrored);
        }
        let second = match &mut self.second {
            Some(second) => second,
            none => none.insert(Network::new(&self.file)?),
        };
        let (plain, other) = threads.join(
            || network.run(picture, earlier, mask),
            || second.run_mirrored(picture, earlier, mirrored),
        );
        plain.and(other)
    }
}
