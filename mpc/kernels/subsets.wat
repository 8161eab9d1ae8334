;; Sums over the subsets that a byte names, both ways, on a block of 256 elements of 16 bytes.
;;
;; gather: 256 buckets become 8 elements, E_t = the sum of all buckets whose index has bit t. Halving: the upper half
;; is added up for the highest bit and then added onto the lower half, 2 * 255 XORs instead of 8 * 128.
;; spread: the way back, bucket k = the sum of the E_t with bit t of k. Both keep E_t at entry 2^t.

(func $gather (param $base i32) (param $size i32)
  (local $half i32) (local $low i32) (local $high i32) (local $end i32) (local $sum v128) (local $value v128)
  (local.set $half (i32.shl (i32.shr_u (local.get $size) (i32.const 1)) (i32.const 4)))
  (loop $nextHalf
    (local.set $low (local.get $base))
    (local.set $high (i32.add (local.get $base) (local.get $half)))
    (local.set $end (local.get $high))
    (local.set $sum (v128.const i64x2 0 0))
    (loop $nextPair
      (local.set $value (v128.load (local.get $high)))
      (local.set $sum (v128.xor (local.get $sum) (local.get $value)))
      (v128.store (local.get $low) (v128.xor (v128.load (local.get $low)) (local.get $value)))
      (local.set $low (i32.add (local.get $low) (i32.const 16)))
      (local.set $high (i32.add (local.get $high) (i32.const 16)))
      (br_if $nextPair (i32.ne (local.get $low) (local.get $end))))
    (v128.store (local.get $end) (local.get $sum))
    (local.set $half (i32.shr_u (local.get $half) (i32.const 1)))
    (br_if $nextHalf (i32.ge_u (local.get $half) (i32.const 16)))))

(func $spread (param $base i32) (param $size i32)
  (local $half i32) (local $low i32) (local $high i32) (local $end i32) (local $value v128)
  (v128.store (local.get $base) (v128.const i64x2 0 0))
  (local.set $half (i32.const 16))
  (loop $nextHalf
    (local.set $low (local.get $base))
    (local.set $high (i32.add (local.get $base) (local.get $half)))
    (local.set $end (local.get $high))
    (local.set $value (v128.load (local.get $high)))
    (loop $nextPair
      (v128.store (local.get $high) (v128.xor (v128.load (local.get $low)) (local.get $value)))
      (local.set $low (i32.add (local.get $low) (i32.const 16)))
      (local.set $high (i32.add (local.get $high) (i32.const 16)))
      (br_if $nextPair (i32.ne (local.get $low) (local.get $end))))
    (local.set $half (i32.shl (local.get $half) (i32.const 1)))
    (br_if $nextHalf (i32.lt_u (local.get $half) (i32.shl (local.get $size) (i32.const 4))))))

;; The tables of 32 elements: table k at out + 4096 k holds the sums of elements 8 k to 8 k + 7.
(func (export "subsetTables") (param $elements i32) (param $out i32)
  (local $table i32) (local $bit i32)
  (loop $nextTable
    (local.set $bit (i32.const 16))
    (loop $nextBit
      (v128.store (i32.add (local.get $out) (local.get $bit)) (v128.load (local.get $elements)))
      (local.set $elements (i32.add (local.get $elements) (i32.const 16)))
      (local.set $bit (i32.shl (local.get $bit) (i32.const 1)))
      (br_if $nextBit (i32.lt_u (local.get $bit) (i32.const 4096))))
    (call $spread (local.get $out) (i32.const 256))
    (local.set $out (i32.add (local.get $out) (i32.const 4096)))
    (local.set $table (i32.add (local.get $table) (i32.const 1)))
    (br_if $nextTable (i32.lt_u (local.get $table) (i32.const 4)))))

;; out[c] = the sum of the elements whose bit is set in the 32-bit column c.
(func (export "lookup") (param $columns i32) (param $tables i32) (param $count i32) (param $out i32)
  (local $end i32) (local $column i32)
  (local.set $end (i32.add (local.get $out) (i32.shl (local.get $count) (i32.const 4))))
  (block $done
    (loop $next
      (br_if $done (i32.eq (local.get $out) (local.get $end)))
      (local.set $column (i32.load (local.get $columns)))
      (v128.store (local.get $out)
        (v128.xor
          (v128.xor
            (v128.load (i32.add (local.get $tables)
              (i32.and (i32.shl (local.get $column) (i32.const 4)) (i32.const 0xff0))))
            (v128.load offset=4096 (i32.add (local.get $tables)
              (i32.and (i32.shr_u (local.get $column) (i32.const 4)) (i32.const 0xff0)))))
          (v128.xor
            (v128.load offset=8192 (i32.add (local.get $tables)
              (i32.and (i32.shr_u (local.get $column) (i32.const 12)) (i32.const 0xff0))))
            (v128.load offset=12288 (i32.add (local.get $tables)
              (i32.and (i32.shr_u (local.get $column) (i32.const 20)) (i32.const 0xff0)))))))
      (local.set $columns (i32.add (local.get $columns) (i32.const 4)))
      (local.set $out (i32.add (local.get $out) (i32.const 16)))
      (br $next))))
