//! Lengths that leave remainders behind every vector width.

/// Around 1, 4, 8, 16, 32 and 64 lanes, and their remainders.
pub const LENGTHS: [usize; 22] = [
    0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 24, 31, 32, 33, 47, 63, 64, 65, 100, 129,
];

/// Numbers of channels that real networks and their remainders have.
pub const CHANNELS: [usize; 12] = [1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 33, 64];

/// Heights and widths: one pixel, odd, even, longer than a vector.
pub const SIDES: [(usize, usize); 8] = [
    (1, 1),
    (1, 7),
    (5, 1),
    (2, 2),
    (3, 5),
    (8, 8),
    (9, 17),
    (13, 33),
];
