// The loop over panels and row tiles, the same for every instruction set. No include guard and no shared code: each one
// includes this file inside an anonymous namespace and passes its tiles, tiles[r − 1] for r rows.

template <typename Tile>
inline void runLayer(const LayerArgs& args, const Tile* tiles, uint32_t tileRows,
                     uint32_t panelColumns) {
  for (uint32_t column = 0; column < args.columnCount; column += panelColumns) {
    if (__atomic_load_n(args.stop, __ATOMIC_RELAXED) != 0) return;
    const uint8_t* panel = args.packed + (column / panelColumns) * args.panelStride;
    const int32_t* bias = args.bias ? args.bias + column : nullptr;
    for (uint32_t row = 0; row < args.rowCount; row += tileRows) {
      const uint32_t left = args.rowCount - row;
      const uint32_t rows = left < tileRows ? left : tileRows;
      tiles[rows - 1](args.left + row * args.leftStride, args.leftStride, args.depth, panel, bias,
                      args.out + row * args.outStride + column, args.outStride, args.shift);
    }
  }
}
