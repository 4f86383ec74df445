//! Pixel views: what they accept, what they refuse, and in which words.
use hypercut::{ErrorKind, Frame, FrameMut, Mask, Picture, PixelFormat};

#[test]
fn geometry_that_does_not_fit_is_refused_in_words() {
    let data = [0; 24];
    let text = |width, height, stride, format| {
        Frame::new(&data, width, height, stride, format)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        text(0, 2, 3, PixelFormat::Rgb8),
        "a frame of 0 x 2 pixels has no pixels"
    );
    assert_eq!(
        text(2, 0, 6, PixelFormat::Rgb8),
        "a frame of 2 x 0 pixels has no pixels"
    );
    assert_eq!(
        text(3, 2, 8, PixelFormat::Rgb8),
        "stride of 8 bytes is shorter than a row of 3 Rgb8 pixels (9 bytes)"
    );
    assert_eq!(
        text(3, 3, 9, PixelFormat::Rgb8),
        "24 bytes are too few for 3 x 3 Rgb8 pixels with a stride of 9 bytes (27 needed)"
    );
    assert_eq!(
        text(2, usize::MAX, 8, PixelFormat::Rgba8),
        format!("{} rows of 8 bytes are longer than memory", usize::MAX)
    );
    let huge = format!("a row of {} pixels is longer than memory", usize::MAX);
    assert_eq!(text(usize::MAX, 1, usize::MAX, PixelFormat::Rgba8), huge);
    assert_eq!(
        Frame::rgb8(&data, usize::MAX, 1).unwrap_err().kind(),
        ErrorKind::Frame
    );
}

#[test]
fn the_last_row_may_end_early_and_rows_skip_padding() {
    let data: Vec<u8> = (0..23).collect();
    let frame = Frame::new(&data, 2, 3, 8, PixelFormat::Rgb8).unwrap();
    assert_eq!(frame.row(2), [16, 17, 18, 19, 20, 21]);
    assert_eq!(frame.rows().len(), 3);
    assert!(Frame::new(&data[..21], 2, 3, 8, PixelFormat::Rgb8).is_err());
    assert!(Frame::new(&data[..22], 2, 3, 8, PixelFormat::Rgb8).is_ok());
}

#[test]
fn writing_a_row_writes_that_row() {
    let mut data = [0; 10];
    let mut frame = FrameMut::new(&mut data, 3, 2, 5, PixelFormat::Gray8).unwrap();
    frame.row_mut(1).fill(7);
    assert_eq!(frame.as_frame().row(1), [7; 3]);
    assert_eq!(data, [0, 0, 0, 0, 0, 7, 7, 7, 0, 0]);
}

#[test]
fn owned_pictures_and_masks_hold_exactly_their_pixels() {
    assert!(Picture::new(vec![0; 12], 2, 2, PixelFormat::Rgb8).is_ok());
    assert_eq!(
        Picture::new(vec![0; 13], 2, 2, PixelFormat::Rgb8)
            .unwrap_err()
            .to_string(),
        "13 bytes are too many for 2 x 2 Rgb8 pixels"
    );
    assert!(Picture::new(vec![0; 11], 2, 2, PixelFormat::Rgb8).is_err());
    assert!(Mask::from_raw(3, 2, vec![0; 7]).is_err() && Mask::from_raw(3, 2, vec![0; 5]).is_err());
    assert!(Mask::from_raw(0, 0, Vec::new()).is_err());
    assert_eq!((Mask::new().width(), Mask::new().height()), (0, 0));
}
