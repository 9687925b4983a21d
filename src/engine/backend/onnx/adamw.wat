;; AdamW over one block, four floats at a time. The block's four arrays lie behind each other in one
;; page: parameter, first moment, second moment, gradient, 16 KiB (4,096 floats) each. `npm run wasm`
;; makes adamwModule.ts from this text.
(module
  (memory (export "memory") 1)
  (func (export "adamw")
    (param $count i32)    ;; floats, at most 4,096; the last vector may reach beyond them
    (param $keep f32)     ;; 1 - learning rate * weight decay
    (param $step f32)     ;; learning rate / (1 - beta1^t)
    (param $inverse f32)  ;; 1 / (1 - beta2^t)
    (param $epsilon f32)
    (param $beta1 f32)
    (param $rest1 f32)    ;; 1 - beta1, from the double
    (param $beta2 f32)
    (param $rest2 f32)    ;; 1 - beta2, from the double
    (param $scale f32)    ;; of the gradient
    (local $at i32) (local $end i32)
    (local $g v128) (local $m v128) (local $v v128)
    (local.set $end (i32.shl (local.get $count) (i32.const 2)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $g
          (f32x4.mul (v128.load offset=49152 (local.get $at)) (f32x4.splat (local.get $scale))))
        (local.set $m
          (f32x4.add
            (f32x4.mul (v128.load offset=16384 (local.get $at)) (f32x4.splat (local.get $beta1)))
            (f32x4.mul (local.get $g) (f32x4.splat (local.get $rest1)))))
        (local.set $v
          (f32x4.add
            (f32x4.mul (v128.load offset=32768 (local.get $at)) (f32x4.splat (local.get $beta2)))
            (f32x4.mul
              (f32x4.mul (local.get $g) (local.get $g))
              (f32x4.splat (local.get $rest2)))))
        (v128.store offset=16384 (local.get $at) (local.get $m))
        (v128.store offset=32768 (local.get $at) (local.get $v))
        (v128.store (local.get $at)
          (f32x4.sub
            (f32x4.mul (v128.load (local.get $at)) (f32x4.splat (local.get $keep)))
            (f32x4.div
              (f32x4.mul (local.get $m) (f32x4.splat (local.get $step)))
              (f32x4.add
                (f32x4.sqrt (f32x4.mul (local.get $v) (f32x4.splat (local.get $inverse))))
                (f32x4.splat (local.get $epsilon))))))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (br $next)))))
