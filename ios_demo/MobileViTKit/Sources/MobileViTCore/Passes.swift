import Foundation

/// Pillow's two passes over pictures of one size, along rows and along columns, each rounded to bytes. Only what the crop
/// shows is computed.
struct Passes {
  let placement: Placement
  /// The part of the resized picture that the crop shows; zeros are around it where the crop is larger.
  private let columns: Range<Int>
  private let rows: Range<Int>
  private let across: Taps
  private let down: Taps

  init(_ placement: Placement, _ filter: Filter) {
    self.placement = placement
    columns = max(placement.left, 0)..<min(placement.left + placement.cropWidth, placement.resizedWidth)
    rows = max(placement.top, 0)..<min(placement.top + placement.cropHeight, placement.resizedHeight)
    across = Taps(input: placement.sourceWidth, output: placement.resizedWidth, wanted: columns, filter)
    down = Taps(input: placement.sourceHeight, output: placement.resizedHeight, wanted: rows, filter)
  }

  /// What lies between the passes has so many.
  var bandBytes: Int {
    placement.heightFirst ? across.sources.count * rows.count * 3 : columns.count * down.sources.count * 3
  }

  /// Of the crop, three bytes a pixel.
  var cropBytes: Int { placement.cropWidth * placement.cropHeight * 3 }

  /// Writes what the crop shows of a picture, and leaves what is around it; `band` has `bandBytes`, `pixels` `cropBytes`.
  func crop(_ picture: PixelView, band: inout [UInt8], to pixels: inout [UInt8]) {
    let width = placement.cropWidth
    let first = (max(-placement.top, 0) * width + max(-placement.left, 0)) * 3
    band.withUnsafeMutableBufferPointer { band in
      pixels.withUnsafeMutableBufferPointer { pixels in
        let shown = Output(bytes: pixels, first: first, bytesPerRow: width * 3)
        if placement.heightFirst {
          let wide = across.sources.count
          let between = Output(bytes: band, first: 0, bytesPerRow: wide * 3)
          resizeDown(picture, columns: across.sources, from: 0, to: between)
          resizeAcross(between.view(wide, rows.count), rows: 0..<rows.count, from: across.sources.lowerBound, to: shown)
        } else {
          let high = down.sources.count
          let between = Output(bytes: band, first: 0, bytesPerRow: columns.count * 3)
          resizeAcross(picture, rows: down.sources, from: 0, to: between)
          resizeDown(
            between.view(columns.count, high), columns: 0..<columns.count, from: down.sources.lowerBound, to: shown)
        }
      }
    }
  }

  /// Rows of a picture whose first column is column `from` to the taps.
  private func resizeAcross(_ picture: PixelView, rows: Range<Int>, from: Int, to output: Output) {
    across.weights.withUnsafeBufferPointer { weights in
      for (index, row) in rows.enumerated() {
        var out = output.first + index * output.bytesPerRow
        for (column, start) in across.starts.enumerated() {
          let first = row * picture.bytesPerRow + (start - from) * picture.bytesPerPixel
          let place = column * across.length..<(column + 1) * across.length
          write(picture, first, picture.bytesPerPixel, weights, place, to: output.bytes, out)
          out += 3
        }
      }
    }
  }

  /// Columns of a picture whose first row is row `from` to the taps.
  private func resizeDown(_ picture: PixelView, columns: Range<Int>, from: Int, to output: Output) {
    down.weights.withUnsafeBufferPointer { weights in
      for (row, start) in down.starts.enumerated() {
        var out = output.first + row * output.bytesPerRow
        let place = row * down.length..<(row + 1) * down.length
        for column in columns {
          let first = (start - from) * picture.bytesPerRow + column * picture.bytesPerPixel
          write(picture, first, picture.bytesPerRow, weights, place, to: output.bytes, out)
          out += 3
        }
      }
    }
  }
}

/// Where a pass writes: three bytes for a pixel.
private struct Output {
  let bytes: UnsafeMutableBufferPointer<UInt8>
  let first: Int
  let bytesPerRow: Int

  func view(_ width: Int, _ height: Int) -> PixelView {
    PixelView(
      bytes: UnsafeRawBufferPointer(bytes), width: width, height: height, bytesPerRow: bytesPerRow, bytesPerPixel: 3,
      channels: (0, 1, 2))
  }
}

/// Weighs the pixels from byte `first` on, `step` bytes apart, by the weights at `place`; writes red, green and blue.
@inline(__always) private func write(
  _ picture: PixelView, _ first: Int, _ step: Int, _ weights: UnsafeBufferPointer<Int32>, _ place: Range<Int>,
  to output: UnsafeMutableBufferPointer<UInt8>, _ out: Int
) {
  let (red, green, blue) = picture.channels
  var (r, g, b) = (half, half, half)
  var pixel = first
  for tap in place {
    let weight = weights[tap]
    r &+= weight &* Int32(picture.bytes[pixel + red])
    g &+= weight &* Int32(picture.bytes[pixel + green])
    b &+= weight &* Int32(picture.bytes[pixel + blue])
    pixel += step
  }
  output[out] = byte(r)
  output[out + 1] = byte(g)
  output[out + 2] = byte(b)
}

private let half: Int32 = 1 << (Taps.precision - 1)

@inline(__always) private func byte(_ sum: Int32) -> UInt8 {
  UInt8(clamping: sum >> Taps.precision)
}
