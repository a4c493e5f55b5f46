-- Rows to begin with. Runs again without harm: what is there stays as it is.
SET NAMES utf8mb4;

-- an operator, who logs in by password once there is one: no WeChat account has this openid
INSERT INTO users (id, openid, nickname, role) VALUES (1, 'admin', '店长', 'admin')
    ON DUPLICATE KEY UPDATE id = id;

INSERT INTO products (sku, name, description, price, stock, on_sale, attributes, release_date) VALUES
    ('TEA-001', '西湖龙井',     '明前一级，清香甘醇',           168.00,  50, TRUE,  '{"weight_g": 100, "origin": "杭州"}',  '2026-04-01'),
    ('TEA-002', '安溪铁观音',   '浓香型乌龙茶',                  98.00, 120, TRUE,  '{"weight_g": 250, "origin": "安溪"}',  '2026-05-10'),
    ('TEA-003', '云南普洱熟茶', '七子饼，2021 年压制',          128.50,  80, TRUE,  '{"weight_g": 357, "origin": "勐海"}',  '2021-10-01'),
    ('TEA-004', '茉莉花茶',     '五窨一提',                      45.90, 200, TRUE,  '{"weight_g": 125, "origin": "横县"}',  '2026-08-15'),
    ('TEA-005', '祁门红茶',     '工夫红茶，蜜糖香',             119.00,   0, TRUE,  '{"weight_g": 150, "origin": "祁门"}',  '2026-04-20'),
    ('CUP-001', '青瓷茶杯',     '龙泉青瓷，单只',                59.00,  60, TRUE,  '{"ml": 120, "colour": "青"}',          '2025-03-01'),
    ('CUP-002', '景德镇盖碗',   '手绘青花',                     139.00,  35, TRUE,  '{"ml": 150, "colour": "青花"}',        '2025-06-18'),
    ('CUP-003', '紫砂壶',       '宜兴原矿紫泥',                 680.00,   8, TRUE,  '{"ml": 200, "colour": "紫"}',          '2024-11-11'),
    ('CUP-004', '玻璃公道杯',   '高硼硅玻璃',                    29.90, 150, TRUE,  '{"ml": 300}',                          '2025-01-05'),
    ('CUP-005', '保温杯',       '316 不锈钢，6 小时保温',        89.00, 300, TRUE,  '{"ml": 500, "colour": "白"}',          '2026-01-20'),
    ('SNK-001', '绿豆糕',       '低糖，一盒八枚',                26.80, 240, TRUE,  '{"pieces": 8}',                        '2026-06-01'),
    ('SNK-002', '桂花糕',       '苏式糕点',                      28.00, 180, TRUE,  '{"pieces": 10}',                       '2026-09-10'),
    ('SNK-003', '花生酥',       NULL,                            15.50, 400, TRUE,  NULL,                                   NULL),
    ('SNK-004', '牛轧糖',       '海盐味 🍬',                     32.00, 260, TRUE,  '{"pieces": 30}',                       '2026-02-01'),
    ('SNK-005', '老婆饼',       '下架的旧款',                    18.00,  12, FALSE, '{"pieces": 6}',                        '2023-07-07'),
    ('BOX-001', '中秋礼盒',     '茶与月饼',                     298.00, 100, TRUE,  '{"items": ["TEA-001", "SNK-002"]}',    '2026-08-20'),
    ('BOX-002', '春节礼盒',     '四款名茶',                     388.00,  66, TRUE,  '{"items": ["TEA-001", "TEA-002"]}',    '2026-12-01'),
    ('BOX-003', '入门茶具套装', '盖碗、公道杯、六只品茗杯',     199.00,  45, TRUE,  '{"items": ["CUP-002", "CUP-004"]}',    '2025-09-01'),
    ('ACC-001', '竹制茶盘',     '可排水',                       158.00,  27, TRUE,  '{"material": "竹"}',                   '2025-04-15'),
    ('ACC-002', '试饮装',       '赠品，限量一份',                 0.00,   1, TRUE,  '{"weight_g": 5}',                      '2026-11-01')
    ON DUPLICATE KEY UPDATE id = id;
